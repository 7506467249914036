"""The HTTP door of reconciliation."""
