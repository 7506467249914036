"""PostgreSQL behind the ports of clients, and behind its lists."""
