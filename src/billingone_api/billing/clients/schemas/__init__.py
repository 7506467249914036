"""Clients, links and what is unmapped, on the wire."""
