"""Pax8 and PostgreSQL behind the ports of subscriptions."""
