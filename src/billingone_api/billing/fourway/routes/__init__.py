"""The HTTP door of the four-way line."""
