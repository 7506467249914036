"""Decides which rules make sense, what a comparison amounts to, and when one is due."""
