"""Names of companies as they are compared: without case, accents, signs and legal forms."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_FORMS: Final = """
pty ltd limited proprietary pl inc incorporated llc llp lp plc corp corporation co company
gmbh ag sa sarl sas bv nv srl spa oy ab aps kg kk cic pte sdn bhd ulc nl
"""
_LEGAL: Final = frozenset(_FORMS.split())
"""What a company is by law says nothing of which one it is; Group, Holdings and Trust do."""
_ALSO: Final = re.compile(
    r"\b(?:t/as?|trading as|as trustee for|atf|d/?b/?a|doing business as|formerly)\b"
)
_SHORTENED: Final = re.compile(r"\bp/l\b|\bp\.\s?l\.?(?=\s|$)")
_WORD: Final = re.compile(r"[^\W_]+")
_FEWEST_INITIALS: Final = 3


@dataclass(frozen=True, slots=True)
class Name:
    """One name in its comparable forms; `initials` is empty for a name of one or two words."""

    words: tuple[str, ...]
    text: str
    sorted_text: str
    joined: str
    initials: str


@lru_cache(200_000)
def names_of(said: str) -> tuple[Name, ...]:
    """The name, and those that it says itself: `Smith Family Trust t/a Corner Bakery` has two."""
    plain = _plain(said)
    inside = re.findall(r"\(([^()]*)\)", plain)
    whole = re.sub(r"\([^()]*\)", " ", plain)
    found = [_name(part) for part in (*_ALSO.split(whole), *inside)]
    return tuple(dict.fromkeys(name for name in found if name.words))


def _plain(said: str) -> str:
    letters = unicodedata.normalize("NFKD", said).casefold()
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    for sign in ("'", "\u2019", "`"):
        plain = plain.replace(sign, "")
    return _SHORTENED.sub(" pl ", plain.replace("&", " and ").replace("+", " and "))


def _name(said: str) -> Name:
    words = tuple(_without_law(_WORD.findall(said)))
    text = " ".join(words)
    initials = "".join(word[0] for word in words if word != "and")
    enough = len(initials) >= _FEWEST_INITIALS
    return Name(words, text, " ".join(sorted(words)), "".join(words), initials if enough else "")


def _without_law(words: list[str]) -> Iterator[str]:
    """Legal forms at the end; a name that is nothing else keeps them."""
    rest = words[1:] if words[:1] == ["the"] and len(words) > 1 else words
    end = len(rest)
    while end > 1 and (rest[end - 1] in _LEGAL or (rest[end - 1] == "and" and end < len(rest))):
        end -= 1
    yield from rest[:end]
