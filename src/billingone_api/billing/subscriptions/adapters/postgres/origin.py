"""Where the rows of these tables come from, as SQL says it."""

from typing import Final

from sqlalchemy import Text, literal_column

from billingone_api.billing.subscriptions.models import PAX8

FROM_PAX8: Final = literal_column(f"'{PAX8}'", Text)
