"""Settings in PostgreSQL."""
