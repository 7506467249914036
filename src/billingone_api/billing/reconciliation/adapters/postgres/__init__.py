"""Rules, snapshots and what is read of them, in PostgreSQL."""
