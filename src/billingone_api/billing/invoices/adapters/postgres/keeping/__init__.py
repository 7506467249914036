"""Keeps what a sync brings: compared where it is, written where it differs."""
