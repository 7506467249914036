"""Identifiers shaped like UUIDs, the same for the same seed."""

from hashlib import blake2b
from uuid import UUID


class Identifiers:
    """Derives an id from the seed and from what it names, so that no order of calls matters."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, *name: object) -> str:
        text = "/".join(map(str, (self._seed, *name)))
        digest = blake2b(text.encode(), digest_size=16).digest()
        return str(UUID(bytes=digest, version=4))
