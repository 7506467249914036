"""The product: one folder per area of the finance team's work."""
