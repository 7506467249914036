"""What PanelOne pushes: its organisations and clients, and the sessions it ended."""
