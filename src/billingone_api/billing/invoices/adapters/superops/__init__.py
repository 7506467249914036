"""SuperOps behind the ports of invoices."""
