"""Which invoices of Pax8's count, as SQL."""

from typing import Final

from sqlalchemy import ColumnElement, FromClause, func, or_

from billingone_api.database.words import word

_TAKEN_BACK: Final = [word(status) for status in ("void", "credited")]
"""Statuses of an invoice, in whatever case, in whose place another one stands."""


def is_counted(bills: FromClause) -> ColumnElement[bool]:
    """A bill whose charges stand: not withdrawn, not gone."""
    of = bills.c
    kept = or_(of.source_status.is_(None), func.lower(of.source_status).not_in(_TAKEN_BACK))
    return kept & of.gone_at.is_(None)
