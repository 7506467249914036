"""PanelOne's clients, what they bring in each month, and which third party's record is whose."""
