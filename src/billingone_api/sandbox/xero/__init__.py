"""Xero: its login, its connections, its accounting API and its webhooks."""
