"""What PanelOne pushes: its organisations, clients and counts, and the sessions it ended."""
