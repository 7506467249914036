"""PostgreSQL behind the ports of panelone."""
