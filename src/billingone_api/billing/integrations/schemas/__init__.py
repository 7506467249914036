"""Integrations on the wire."""
