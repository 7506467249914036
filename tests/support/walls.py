"""Which of the two walls between organisations stand while tests run: both, or only one.

`WALL=row_security make test` removes the repositories' own filter, `WALL=own_filter make test`
switches row-level security off. Imported before any adapter, for adapters build their statements
with `tenancy.own` when they are imported.
"""

import os
from typing import Final

import pytest
from sqlalchemy import ColumnElement, FromClause, Table, or_

from billingone_api.database import tenancy

WALLS: Final = ("row_security", "own_filter")
ONLY: Final = os.environ.get("WALL")
"""None for both."""
WITHOUT_ROW_SECURITY: Final = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT oid::regclass::text FROM pg_class
    WHERE relrowsecurity AND relnamespace = 'public'::regnamespace
  LOOP EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', name); END LOOP;
END $$
"""
_own = tenancy.own


def everybodys(table: FromClause) -> ColumnElement[bool]:
    """True for every row; a directory table keeps its filter, for it has no other wall."""
    if isinstance(table, Table) and not table.info["tenant"]:
        return _own(table)
    return or_(_own(table), table.c.organisation_id.is_not(None))


if ONLY not in {None, *WALLS}:
    raise ValueError(f"WALL is one of {', '.join(WALLS)}, or not set.")
if ONLY == "row_security":
    tenancy.own = everybodys


def without_tests_of_the_missing_one(items: list[pytest.Item]) -> None:
    """Those say by a mark which wall they are about."""
    missing = set(WALLS) - {ONLY} if ONLY else set[str]()
    items[:] = [
        item for item in items if not any(item.get_closest_marker(wall) for wall in missing)
    ]
