"""What lines of invoices say they bill, as SQL; what is kept of it is made by migration 0013."""

from typing import Any

from sqlalchemy import ColumnElement, Text, func

from billingone_api.database.words import word


def described(lines: Any) -> ColumnElement[Any]:
    """What a line says it bills."""
    of = lines.c
    return func.coalesce(of.description, of.item_name, of.item_code, word(""))


def description_key(description: ColumnElement[Any]) -> ColumnElement[Any]:
    """In lower case, without months, dates and signs, unless it is nothing but these."""
    return func.description_key(description, type_=Text)


def code_key(code: ColumnElement[Any]) -> ColumnElement[Any]:
    """A SKU or item code as the two are compared."""
    return func.upper(func.btrim(code), type_=Text)
