"""Descriptions of invoice lines without what differs from month to month, as SQL."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Text, func, literal_column

from billingone_api.database.words import word

_MONTHS: Final = word(
    r"\m(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|"
    r"oct(ober)?|nov(ember)?|dec(ember)?)\M[.,]?\s*((19|20)\d\d\M)?"
)
_DATES: Final = word(r"\m\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?\M")
_SIGNS: Final = word(r"[^[:alnum:]+]+")
_PRORATED: Final = word(r"\mpro[- ]?rat(a|e|ed|ion|ing)\M")
_LONGEST: Final = 300


def described(lines: Any) -> ColumnElement[Any]:
    """What a line says it bills."""
    of = lines.c
    return func.coalesce(of.description, of.item_name, of.item_code, word(""))


def description_key(description: ColumnElement[Any]) -> ColumnElement[Any]:
    """In lower case, without months, dates and signs, unless it is nothing but these."""
    whole, blank, everywhere = func.lower(description), word(" "), word("g")
    plain = whole
    for pattern in (_MONTHS, _DATES, _SIGNS):
        plain = func.regexp_replace(plain, pattern, blank, everywhere)
    said = func.coalesce(func.nullif(func.btrim(plain), word("")), func.btrim(whole))
    short = func.left(said, literal_column(str(_LONGEST)), type_=Text)
    return func.btrim(short, type_=Text)


def says_prorated(description: ColumnElement[Any]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = func.lower(description).regexp_match(_PRORATED)
    return found


def code_key(code: ColumnElement[Any]) -> ColumnElement[Any]:
    """A SKU or item code as the two are compared."""
    return func.upper(func.btrim(code), type_=Text)
