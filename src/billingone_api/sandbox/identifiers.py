"""Identifiers shaped like UUIDs, the same for the same seed."""

from hashlib import blake2b


class Identifiers:
    """Derives an id from the seed and from what it names, so that no order of calls matters."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, *name: object) -> str:
        text = "/".join(map(str, (self._seed, *name)))
        digest = bytearray(blake2b(text.encode(), digest_size=16).digest())
        # As UUID(bytes=…, version=4) would, in less time: portfolios make them by the million.
        digest[6] = digest[6] & 0x0F | 0x40
        digest[8] = digest[8] & 0x3F | 0x80
        hexa = digest.hex()
        return f"{hexa[:8]}-{hexa[8:12]}-{hexa[12:16]}-{hexa[16:20]}-{hexa[20:]}"
