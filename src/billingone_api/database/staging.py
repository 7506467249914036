"""Rows brought into a transaction by COPY, from where a statement can compare and keep them."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, MetaData, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from billingone_api.database.engine import reached
from billingone_api.database.fast import driver
from billingone_api.database.unit_of_work import UnitOfWork

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it bare


class Staging:
    """A temporary table that ends with the transaction; no policy binds it, so COPY may fill it."""

    def __init__(self, name: str, *columns: Column[Any]) -> None:
        self.table = Table(
            name,
            MetaData(),
            *columns,
            prefixes=["TEMPORARY"],
            postgresql_on_commit="DROP",
        )
        self._create = str(CreateTable(self.table).compile(dialect=_DIALECT))

    async def fill(
        self, work: UnitOfWork, names: list[str], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Make the table and bring the rows, whose values stand in the order of `names`."""
        await work.connection.exec_driver_sql(self._create)
        beneath = driver(work.connection)
        with reached():
            await beneath.copy_records_to_table(self.table.name, records=rows, columns=names)
