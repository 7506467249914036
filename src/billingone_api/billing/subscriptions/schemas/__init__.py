"""Subscriptions and their products on the wire."""
