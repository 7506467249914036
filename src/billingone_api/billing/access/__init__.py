"""Who may do what, and `GET /v1/me`."""
