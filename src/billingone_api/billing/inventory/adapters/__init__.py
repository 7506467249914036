"""What stands behind the inventory: PostgreSQL."""
