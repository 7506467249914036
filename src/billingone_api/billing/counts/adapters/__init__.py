"""Counts in PostgreSQL, and those that are made from what was copied of SuperOps."""
