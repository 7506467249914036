"""Which adapter stands behind each port of integrations, and the doors for other areas."""

from billingone_api.billing.integrations.wiring.pax8 import pax8_for
from billingone_api.billing.integrations.wiring.superops import superops_for
from billingone_api.billing.integrations.wiring.xero import xero_for

__all__ = ["pax8_for", "superops_for", "xero_for"]
