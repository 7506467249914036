"""Keeps the rates of exchange that invoices tell, each with its day."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Date,
    DateTime,
    Numeric,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.invoices.adapters.postgres.keeping.versioned import LEDGER
from billingone_api.billing.invoices.books import Invoice, Ledger
from billingone_api.billing.syncs.adapters.sightings import ORGANISATION
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.tables.invoices import source_rates
from billingone_api.database.tenancy import owned_by
from billingone_api.database.unit_of_work import UnitOfWork

Told = tuple[datetime, Decimal]
_ONE: Final = Decimal(1)


def _saving() -> Any:
    """The newest word of a day stands; of two of one instant the greater, in whatever order.

    The same word is written again where it is read the other way round since.
    """
    kinds: dict[str, Any] = {
        "currency": Text(),
        "valid_on": Date(),
        "rate": Numeric(),
        "per": Numeric(),
        "told_at": DateTime(timezone=True),
    }
    arrays = (bindparam(f"each_{name}", type_=ARRAY(kind)) for name, kind in kinds.items())
    told = func.unnest(*arrays).table_valued(*kinds, name="told").render_derived()
    base = bindparam("base", type_=Text)
    rows = select(ORGANISATION, LEDGER, base, *(told.c[name] for name in kinds))
    names = ["organisation_id", "ledger_id", "base_currency", *kinds]
    statement = insert(source_rates).from_select(names, rows)
    sent, kept = statement.excluded, source_rates.c

    def rank(of: Any) -> Any:
        # One of the two is 1.
        return tuple_(of.told_at, of.rate * of.per)

    return statement.on_conflict_do_update(
        index_elements=list(source_rates.primary_key.columns),
        set_={name: sent[name] for name in ("base_currency", "rate", "per", "told_at")},
        where=or_(rank(sent) > rank(kept), and_(rank(sent) == rank(kept), sent.rate != kept.rate)),
    )


_SAVING: Final = prepare(_saving())


class PostgresRates:
    """The rates of one ledger; `is_foreign_per_base` says which way round they are told."""

    def __init__(self, ledger: Ledger, *, is_foreign_per_base: bool) -> None:
        self._ledger = ledger
        self._is_foreign_per_base = is_foreign_per_base

    async def write(self, work: UnitOfWork, invoices: Sequence[Invoice], *, at: datetime) -> None:
        """`at` stands for documents that do not say when they last changed."""
        newest: dict[tuple[str, date], Told] = {}
        for key, told in self._told(invoices, at=at):
            newest[key] = max(told, newest.get(key, told))
        if newest:
            is_per = self._is_foreign_per_base
            values = owned_by(
                work.organisation_id,
                ledger_id=self._ledger.id,
                base=self._ledger.base_currency,
                each_currency=[currency for currency, _ in newest],
                each_valid_on=[day for _, day in newest],
                each_rate=[_ONE if is_per else rate for _, rate in newest.values()],
                each_per=[rate if is_per else _ONE for _, rate in newest.values()],
                each_told_at=[told_at for told_at, _ in newest.values()],
            )
            await fetch(work.connection, _SAVING, **values)

    def _told(
        self, invoices: Sequence[Invoice], *, at: datetime
    ) -> Iterator[tuple[tuple[str, date], Told]]:
        base = self._ledger.base_currency
        for one in invoices if base is not None else ():
            rate, currency, day = one.currency_rate, one.currency, one.issued_on
            if rate is None or rate <= 0 or currency in {None, base} or day is None:
                continue
            yield (str(currency), day), (one.source_updated_at or at, rate)
