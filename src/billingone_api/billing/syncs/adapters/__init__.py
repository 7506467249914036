"""PostgreSQL behind the ports of syncs."""
