"""The dashboard's facts in PostgreSQL."""
