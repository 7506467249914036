"""Which invoices of Pax8's count, as SQL."""

from typing import Final

from sqlalchemy import ColumnElement, FromClause, or_

from billingone_api.database.words import word

_TAKEN_BACK: Final = [word(status) for status in ("Void", "Credited")]
"""Statuses of an invoice whose charges are taken back: another invoice stands in its place."""


def is_counted(bills: FromClause) -> ColumnElement[bool]:
    """A bill whose charges stand: not withdrawn, not gone."""
    of = bills.c
    kept = or_(of.source_status.is_(None), of.source_status.not_in(_TAKEN_BACK))
    return kept & of.gone_at.is_(None)
