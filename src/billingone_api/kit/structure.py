"""JSON before it is parsed: how deep it nests, which differs in what Pythons bear, and its numbers.

Works on bytes and without a regular expression over all of them: bodies may have a megabyte.
"""

import re
from itertools import accumulate
from typing import Final

_ESCAPED: Final = re.compile(rb"\\.", re.DOTALL)
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS: Final = bytes(set(range(256)) - _STEPS.keys())


def is_deeper(json: bytes, *, than: int) -> bool:
    """Whether arrays and objects stand in each other to more than so many levels."""
    if json.count(b"[") + json.count(b"{") <= than:
        return False
    brackets = outside_of_text(json).translate(None, _NO_BRACKETS)
    return max(accumulate(_STEPS[bracket] for bracket in brackets), default=0) > than


def outside_of_text(json: bytes) -> bytes:
    """Brackets, numbers and words: every other piece between quotation marks."""
    unescaped = _ESCAPED.sub(b"", json) if b"\\" in json else json
    return b"".join(unescaped.split(b'"')[::2])
