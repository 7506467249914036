"""Says what Xero sends in the words of somebody's books."""
