"""The HTTP doors of invoices: the list and its cards, and what accounts earn money with."""
