"""The outside: one API client per third party, in its own words."""
