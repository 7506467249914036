"""BillingOne: what an MSP earns, who owes it, and who uses more than they pay for."""
