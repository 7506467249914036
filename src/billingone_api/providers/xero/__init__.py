"""Xero: consent and tokens, its accounting API read only, its webhooks; all in Xero's words."""
