"""Where the rows of these tables come from, as SQL says it."""

from typing import Final

from billingone_api.billing.subscriptions.models import PAX8
from billingone_api.database.words import word

FROM_PAX8: Final = word(PAX8)
