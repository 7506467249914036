"""Pax8's partner API, v1, read only: companies, subscriptions, products, prices and usage."""
