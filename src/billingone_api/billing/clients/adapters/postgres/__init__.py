"""Clients in PostgreSQL: the register, and what is read of it."""
