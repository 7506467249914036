"""Identifiers shaped like UUIDs or like long numbers, the same for the same seed."""

from hashlib import blake2b
from typing import Final

_LENGTHS: Final = (19, 19, 18, 19, 19, 20, 19)


class Identifiers:
    """Derives an id from the seed and from what it names, so that no order of calls matters."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, *name: object) -> str:
        digest = bytearray(self._digest(name))
        # As UUID(bytes=…, version=4) would, in less time: portfolios make them by the million.
        digest[6] = digest[6] & 0x0F | 0x40
        digest[8] = digest[8] & 0x3F | 0x80
        hexa = digest.hex()
        return f"{hexa[:8]}-{hexa[8:12]}-{hexa[12:16]}-{hexa[16:20]}-{hexa[20:]}"

    def number(self, *name: object) -> str:
        """18 to 20 digits: never exact in a float, and not always within 64 bits."""
        drawn = int.from_bytes(self._digest(name))
        digits = _LENGTHS[drawn % len(_LENGTHS)]
        return str(10 ** (digits - 1) + drawn % (8 * 10 ** (digits - 1)))

    def _digest(self, name: tuple[object, ...]) -> bytes:
        text = "/".join(map(str, (self._seed, *name)))
        return blake2b(text.encode(), digest_size=16).digest()
