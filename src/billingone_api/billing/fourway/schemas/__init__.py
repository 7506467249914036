"""The four-way line on the wire."""
