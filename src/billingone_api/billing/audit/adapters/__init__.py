"""PostgreSQL behind the audit log."""
