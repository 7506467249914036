"""Reconciliation on the wire."""
