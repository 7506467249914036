"""The HTTP doors of integrations: for people and scripts, and for third parties' webhooks."""
