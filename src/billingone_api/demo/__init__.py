"""`make demo`: all of BillingOne and the third parties it needs, on one machine, for real."""
