"""PanelOne's platform API as far as we read it: the client master record."""
