"""The one way out: a hardened client, one retry policy, exact JSON, one tree of errors."""
