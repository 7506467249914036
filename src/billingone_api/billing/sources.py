"""Every third party that is copied: one list, for the API that starts syncs and for the worker."""

from typing import Final

from billingone_api.billing.invoices.jobs import SuperOpsSource, XeroSource
from billingone_api.billing.subscriptions.jobs import Pax8Source
from billingone_api.billing.syncs.ports import Source

SOURCES: Final[tuple[Source, ...]] = (Pax8Source(), XeroSource(), SuperOpsSource())
