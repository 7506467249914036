"""Practice ground: the third parties as small ASGI apps that speak their wire formats."""
