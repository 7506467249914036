"""The four-way line in PostgreSQL."""
