"""How a third party's record and a client are recognised as one: by identifiers, then by name."""
