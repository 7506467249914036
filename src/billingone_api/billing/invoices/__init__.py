"""Sales invoices of Xero and SuperOps: what is owed, what was paid, and whose each is."""
