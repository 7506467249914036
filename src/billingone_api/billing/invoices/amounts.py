"""Amounts as people write them: `1,234.50`, `$1234.5`, `1.234,50`, `1 234,50`, `AUD 1234.50`.

A sign of a currency or its code is taken off, since a search looks in every currency. Where both
separators are there, the last is the decimal one. `1,234` may be a thousand and more or a little
over one: both readings are given.
"""

import re
from decimal import Decimal
from typing import Final

from billingone_api.kit.money import known_currency

_SIGNS: Final = "$€£¥₹₩₪฿₫₴₦₱₽₺"
# Blanks that do not break a line, the sign of minus and the apostrophe of print.
_PRINT: Final = str.maketrans("\u00a0\u202f\u2009\u2212\u2019", "   -'")
_WRITTEN: Final = re.compile(
    rf"(?P<minus>-?)\s*(?P<before>[A-Za-z]{{0,3}}\s*[{_SIGNS}]|[A-Za-z]{{3}})?\s*(?P<late>-?)"
    rf"(?P<number>[0-9., ']*[0-9])\s*(?P<after>[{_SIGNS}]|[A-Za-z]{{3}})?"
)
_DECIMAL: Final = re.compile(r"(?P<whole>[0-9 '.,]*)[.,](?P<part>[0-9]{1,4})")
_PLAIN: Final = re.compile(r"[0-9]+")
# By thousands, or as in India by lakh and crore.
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?P<sign>[., '])(?:[0-9]{2,3}(?P=sign))*[0-9]{3}")
_LONGEST: Final = 14
"""Digits before the decimal sign: no amount that is kept has more."""


def readings(text: str) -> tuple[Decimal, ...]:
    """Every amount that the text may mean; none where it is no amount."""
    found = _WRITTEN.fullmatch(text.translate(_PRINT).strip())
    if found is None or not (_is_currency(found["before"]) and _is_currency(found["after"])):
        return ()
    if found["minus"] and found["late"]:
        return ()
    sign = -1 if found["minus"] or found["late"] else 1
    return tuple(sorted({sign * amount for amount in _amounts(found["number"])}))


def is_marked(text: str) -> bool:
    """Whether it can hardly be anything but an amount: it has a separator or a currency."""
    return bool(readings(text)) and not text.strip().isdecimal()


def _is_currency(word: str | None) -> bool:
    if word is None or not word.isalpha():
        return True
    try:
        known_currency(word.upper())
    except ValueError:
        return False
    return True


def _amounts(number: str) -> list[Decimal]:
    found = []
    if _PLAIN.fullmatch(number) or _GROUPED.fullmatch(number):
        found.append(_digits(number))
    decimal = _DECIMAL.fullmatch(number)
    if decimal and _is_whole(decimal["whole"], number):
        found.append(f"{_digits(decimal['whole']) or '0'}.{decimal['part']}")
    return [Decimal(text) for text in found if len(text.partition(".")[0]) <= _LONGEST]


def _is_whole(whole: str, number: str) -> bool:
    """What stands before the decimal sign is grouped by another one, or not at all."""
    if not whole or _PLAIN.fullmatch(whole):
        return True
    grouped = _GROUPED.fullmatch(whole)
    return grouped is not None and grouped["sign"] != number[len(whole)]


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)
