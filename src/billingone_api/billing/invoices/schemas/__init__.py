"""Invoices on the wire."""
