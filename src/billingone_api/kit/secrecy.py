"""The last wall before a log: what is known to be secret is struck out of the words of errors.

Nothing of ours writes a secret into an error. A library may, and an error nobody foresaw is logged
with its words.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

STRUCK: Final = "***"

_SHORTEST: Final = 8
_MOST: Final = 1_000
"""Of what tenants keep here, so many are remembered: those used last."""

_SHAPES: Final = re.compile(
    r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"  # a JWT
    r"|b1_[0-9a-f]{32}_[A-Za-z0-9_-]{43}"  # an API key of ours
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # who signs in at an address
    r"|(?i:(?<=bearer )|(?<=basic ))[A-Za-z0-9._~+/=-]+"
    r"|(?<=[?&]ticket=)[^&\s'\"]+"
)
_always: Final[set[str]] = set()
_lately: Final[OrderedDict[str, None]] = OrderedDict()


def remember_always(*values: str) -> None:
    """Strike out from now on what the process itself was given to keep."""
    _always.update(value for value in values if len(value) >= _SHORTEST)


def remember(value: str) -> None:
    """Strike this out from now on; what is too short to be a secret is not."""
    if len(value) < _SHORTEST:
        return
    _lately[value] = None
    _lately.move_to_end(value)
    if len(_lately) > _MOST:
        _lately.popitem(last=False)


def struck(text: str) -> str:
    """The text without secrets; for what is rare, as it looks for each that is known."""
    for value in (*_always, *_lately):
        for form in _forms(value):
            text = text.replace(form, STRUCK)
    return _SHAPES.sub(STRUCK, text)


def _forms(value: str) -> Iterable[str]:
    """As bodies and addresses write it, and as Python shows it."""
    in_json = (json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value))
    return {value, quote(value, safe=""), quote_plus(value), *(text[1:-1] for text in in_json)}
