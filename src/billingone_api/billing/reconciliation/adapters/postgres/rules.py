"""Keeps rules with every version, and finds the products that a rule may mean."""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    Uuid,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.reconciliation.models import Exclusion, Rule, RuleFacts
from billingone_api.database import listings
from billingone_api.database.fast import Prepared, Row, fetch, prepare
from billingone_api.database.history import with_versions
from billingone_api.database.listings import Listing, words_in
from billingone_api.database.mapping import change_rules
from billingone_api.database.tables.clients import clients
from billingone_api.database.tables.reconciliation import (
    RULE_FACTS,
    count_rule_versions,
    count_rules,
)
from billingone_api.database.tables.subscriptions import products
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit import pagination
from billingone_api.kit.pagination import Asked, Cursors

_OF: Final = count_rules.c
_IS_IT: Final = (own(count_rules), _OF.id == bindparam("rule_id", type_=Uuid()))
_HEAD: Final = ("id", "version", "created_at", "changed_at")
_RULE: Final = select(*(_OF[name] for name in (*_HEAD, *RULE_FACTS)))
_FIND: Final = prepare(_RULE.where(*_IS_IT))
_RIVAL: Final = prepare(
    select(_OF.name, func.unnest(_OF.products).label("product"))
    .where(
        own(count_rules),
        _OF.is_active,
        _OF.id != bindparam("rule_id", type_=Uuid()),
        _OF.metric == bindparam("of_metric", type_=Text),
        _OF.products.op("&&")(bindparam("of_products", type_=ARRAY(Text))),
    )
    .order_by(_OF.name)
)
_VERSIONS: Final = prepare(
    select(*(count_rule_versions.c[name] for name in ("version", "seen_at", *RULE_FACTS)))
    .where(
        own(count_rule_versions),
        count_rule_versions.c.rule_id == bindparam("rule_id", type_=Uuid()),
    )
    .order_by(count_rule_versions.c.version.desc())
)
_PRESETS: Final = prepare(
    select(_OF.preset, func.count().label("rules"))
    .where(own(count_rules), _OF.is_active, _OF.preset.is_not(None))
    .group_by(_OF.preset)
)
_PRODUCTS: Final = prepare(
    select(products.c.source_id).where(
        own(products),
        products.c.source_id == bindparam("ids", type_=ARRAY(Text)).any_(),
    )
)
_CLIENTS: Final = prepare(
    select(clients.c.id).where(
        own(clients), clients.c.id == bindparam("ids", type_=ARRAY(Uuid())).any_()
    )
)


def _new(name: str) -> ColumnElement[Any]:
    return bindparam(f"new_{name}", type_=_OF[name].type)


_ADD: Final = prepare(
    with_versions(
        insert(count_rules).values(
            organisation_id=bindparam("organisation_id", type_=Uuid()),
            **{name: _new(name) for name in (*_HEAD, *RULE_FACTS)},
        )
    )
)
_SAVE: Final = prepare(
    with_versions(
        update(count_rules)
        .where(*_IS_IT)
        .values({name: _new(name) for name in ("version", "changed_at", *RULE_FACTS)})
    )
)


_LIST: Final = Listing(
    name="count-rules",
    rows=_RULE.where(own(count_rules)),
    filters={"is_active": _OF.is_active, "q": words_in(_OF.name)},
    sorts={"name": _OF.name},
    key=_OF.id,
)


class PostgresRules:
    """The rules of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def take_turn(self) -> None:
        await change_rules(self._work)

    async def find(self, rule_id: UUID) -> Rule | None:
        rows = await self._run(_FIND, rule_id=rule_id)
        return rule_of(rows[0]) if rows else None

    async def versions(self, rule_id: UUID) -> list[dict[str, Any]]:
        """The newest first."""
        rows = await self._run(_VERSIONS, rule_id=rule_id)
        return [
            {"version": row["version"], "seen_at": row["seen_at"], "facts": facts_of(row)}
            for row in rows
        ]

    async def presets(self) -> dict[str, int]:
        """How many active rules began as each."""
        return {row["preset"]: row["rules"] for row in await self._run(_PRESETS)}

    async def rival(self, rule: Rule) -> tuple[str, str] | None:
        wanted = list(rule.facts.products)
        rows = await self._run(
            _RIVAL, rule_id=rule.id, of_metric=rule.facts.metric, of_products=wanted
        )
        return next(
            ((row["name"], row["product"]) for row in rows if row["product"] in wanted), None
        )

    async def unknown_products(self, source_ids: Sequence[str]) -> set[str]:
        rows = await self._run(_PRODUCTS, ids=list(source_ids))
        return set(source_ids) - {row["source_id"] for row in rows}

    async def unknown_clients(self, ids: Sequence[UUID]) -> set[UUID]:
        rows = await self._run(_CLIENTS, ids=list(ids))
        return set(ids) - {row["id"] for row in rows}

    async def add(self, rule: Rule) -> None:
        await self._run(_ADD, **_values(rule))

    async def save(self, rule: Rule) -> None:
        await self._run(_SAVE, rule_id=rule.id, **_values(rule))

    async def page(self, wanted: Asked, *, cursors: Cursors) -> pagination.Page[Rule]:
        found = await listings.page(self._work, _LIST, wanted, cursors=cursors)
        return pagination.Page(
            [rule_of(row) for row in found.items], found.next_cursor, found.total
        )

    async def _run(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        return await fetch(
            self._work.connection, statement, organisation_id=self._work.organisation_id, **values
        )


def rule_of(row: Row) -> Rule:
    return Rule(facts=facts_of(row), **{name: row[name] for name in _HEAD})


def facts_of(row: Row) -> RuleFacts:
    facts = {field.name: row[field.name] for field in fields(RuleFacts)}
    exclusions = tuple(
        Exclusion(UUID(one["client_id"]), one["product_id"]) for one in row["exclusions"]
    )
    lists = {name: tuple(facts[name]) for name in ("products", "patterns")}
    return RuleFacts(**facts | lists | {"exclusions": exclusions})


def told(rule: Rule) -> dict[str, Any]:
    """A rule as JSON that SQL can read; numbers as text."""
    exclusions = [
        {"client_id": str(one.client_id), "product_id": one.product_id}
        for one in rule.facts.exclusions
    ]
    return asdict(rule.facts) | {
        "rule_id": str(rule.id),
        "version": rule.version,
        "exclusions": exclusions,
    }


def _values(rule: Rule) -> dict[str, Any]:
    facts = asdict(rule.facts)
    facts |= {name: list(facts[name]) for name in ("products", "patterns")}
    facts["exclusions"] = json.dumps(told(rule)["exclusions"])
    head = {name: getattr(rule, name) for name in _HEAD}
    return {f"new_{name}": value for name, value in (head | facts).items()}
