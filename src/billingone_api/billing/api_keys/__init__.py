"""API keys: what scripts of an organisation come in with, made and revoked by its admins."""
