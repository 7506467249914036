"""What the organisation earns each month, how far that can be trusted, and what needs a person."""
