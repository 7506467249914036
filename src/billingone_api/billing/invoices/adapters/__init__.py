"""What stands behind the ports of invoices."""
