"""The one error of this room."""


class DemoError(Exception):
    """The demo cannot go on; the message says what to do."""
