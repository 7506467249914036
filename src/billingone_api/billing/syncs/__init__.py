"""Copying from third parties: what was asked for, how it goes, how it ended."""
