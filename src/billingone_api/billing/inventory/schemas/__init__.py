"""The wire of the inventory."""
