"""When a snapshot is due and whose it is."""

from typing import Final

from billingone_api.billing.counts.models import SUPEROPS
from billingone_api.billing.syncs.adapters import due as rows
from billingone_api.billing.syncs.models import FOLLOWED_BY

SNAPSHOT: Final = "snapshot"
"""The kind of due work that is a snapshot to be taken; its key is the snapshot's id."""
SCHEDULE: Final = "snapshot_schedule"
"""The kind that is an organisation's next slot; it has one, without a key."""
FOLLOWING: Final = "snapshot_after_sync"
"""The kind that is a snapshot owed after a sync of everything; its key is the sync's id."""
COUNTING: Final = FOLLOWED_BY[SUPEROPS]
"""The kind that is all of SuperOps' lists to be counted anew; an organisation has one at most."""

fence = rows.fence
due = rows.due
put_off = rows.put_off
keys_of = rows.keys_of
no_longer_due = rows.no_longer_due
