"""Takes turns between whoever maps records to clients and whoever writes those records.

A sync reads whose company a subscription belongs to, then writes it; meanwhile a person links the
company to another client and moves the subscriptions there are. Without turns the sync's new row
would keep the old client. Take the turn first in the transaction, before any row is locked.
"""

from typing import Final

from sqlalchemy import TextClause, text

from billingone_api.database.unit_of_work import UnitOfWork

_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:turn, 0))")
_TOGETHER: Final = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:turn, 0))")


async def change_mapping(work: UnitOfWork) -> None:
    """Until the commit nobody else of this organisation maps, or writes what is mapped."""
    await _take(work, _ALONE)


async def rely_on_mapping(work: UnitOfWork) -> None:
    """Until the commit links and names of clients stay; others may rely on them as well."""
    await _take(work, _TOGETHER)


async def write_invoices(work: UnitOfWork) -> None:
    """Rely on the mapping, and until the commit nobody else of this organisation writes invoices.

    Two syncs that bring the two halves of a twin at the same time would not see each other's.
    """
    await rely_on_mapping(work)
    await _take(work, _ALONE, about="invoices")


async def change_rules(work: UnitOfWork) -> None:
    """Until the commit nobody else of this organisation changes a count rule.

    Two that give the same product to two rules at once would not see each other's.
    """
    await _take(work, _ALONE, about="count-rules")


async def reckon_totals(work: UnitOfWork) -> None:
    """Until the commit nobody else of this organisation reckons totals of clients.

    Take it last, after the rows whose sums they are: who has it waits for nobody.
    """
    await _take(work, _ALONE, about="client-totals")


async def _take(work: UnitOfWork, turn: TextClause, *, about: str = "mapping") -> None:
    await work.connection.execute(turn, {"turn": f"{about}:{work.organisation_id}"})
