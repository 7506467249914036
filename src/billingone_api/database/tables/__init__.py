"""The tables of each area; no behaviour."""
