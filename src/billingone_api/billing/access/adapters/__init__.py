"""PostgreSQL behind the ports of access."""
