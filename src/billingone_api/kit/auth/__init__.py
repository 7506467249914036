"""Who is calling: the one place where PanelOne's tokens are judged."""
