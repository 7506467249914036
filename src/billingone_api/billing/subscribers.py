"""Who writes down what transactions tell of, in the same transaction."""

from collections.abc import Sequence
from typing import Final

from billingone_api.billing.audit.wiring import write_down
from billingone_api.billing.reconciliation.counting import follow_changes
from billingone_api.billing.reconciliation.following import owe_snapshot
from billingone_api.billing.reconciliation.scheduling import keep_schedule
from billingone_api.process import Subscriber

SUBSCRIBERS: Final[Sequence[Subscriber]] = (
    write_down,
    keep_schedule,
    follow_changes,
    owe_snapshot,
)
