"""What Xero sends, read leniently: its own field names in snake case, its numbers exact."""
