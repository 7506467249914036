"""Keeps subscriptions: compared where they are, written where they differ, dated where facts do."""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import (
    UUID,
    Column,
    ColumnElement,
    Text,
    and_,
    case,
    func,
    literal_column,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.definitions.adapters.totals import keep_totals
from billingone_api.billing.subscriptions.adapters.postgres.origin import FROM_PAX8
from billingone_api.billing.subscriptions.adapters.postgres.products import is_billed_by_usage
from billingone_api.billing.subscriptions.models import Subscription
from billingone_api.billing.syncs.adapters.sightings import AT, ORGANISATION, swept, unmet
from billingone_api.billing.syncs.models import Tally
from billingone_api.database.fast import fetch, prepare
from billingone_api.database.history import with_versions
from billingone_api.database.mapping import rely_on_mapping
from billingone_api.database.staging import Staging
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.subscriptions import (
    FACTS,
    pax8_companies,
    products,
    subscriptions,
)
from billingone_api.database.tenancy import own, owned_by
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.database.words import word
from billingone_api.kit.clock import Clock
from billingone_api.kit.ids import new_id

_SENT: Final = tuple(item.name for item in fields(Subscription))
_values_of: Final = attrgetter(*_SENT)
# What our other tables say of it; the product's name is the subscription's own where it has one.
_FOUND: Final = ("client_id", "usage_billed", "client_label", "product_name", "vendor_name")
_KEPT: Final = tuple(dict.fromkeys((*FACTS, *_SENT, *_FOUND)))
_DETAILS: Final = tuple(name for name in _KEPT if name not in {*FACTS, "source_id"})

_CREATED: Final = "created"
_NEW_FACTS: Final = "new_facts"
_NEW_DETAILS: Final = "new_details"
_SAME: Final = "same"

_staging: Final = Staging(
    "incoming_subscriptions",
    Column("id", UUID()),
    Column("outcome", Text),
    *(Column(name, subscriptions.c[name].type) for name in _KEPT),
)
_incoming: Final = _staging.table


def _judgement() -> Any:
    """Whose each incoming subscription is, its labels, and what writing it would change."""
    resolved = _resolved()
    kept = _kept(resolved.c.source_id)
    new_facts, new_details = (
        tuple_(*(kept.c[name] for name in names)).is_distinct_from(
            tuple_(*(resolved.c[name] for name in names))
        )
        for names in (FACTS, _DETAILS)
    )
    outcome = case(
        (kept.c.id.is_(None), word(_CREATED)),
        (new_facts, word(_NEW_FACTS)),
        (new_details, word(_NEW_DETAILS)),
        else_=word(_SAME),
    ).label("outcome")
    judged = (
        select(*(resolved.c[name] for name in _FOUND), resolved.c.source_id, outcome)
        .select_from(resolved.outerjoin(kept, true()))
        .subquery("judged")
    )
    return (
        update(_incoming)
        .where(_incoming.c.source_id == judged.c.source_id)
        .values({name: judged.c[name] for name in (*_FOUND, "outcome")})
    )


def _kept(source_id: ColumnElement[str]) -> Any:
    """The row that is there, looked up by its key: a limit keeps the planner from reading them all.

    A table that grows while it is first filled has no statistics yet, and an organisation's rows
    would be read once for every batch.
    """
    of = subscriptions.c
    mine = own(subscriptions) & (of.source == FROM_PAX8) & (of.source_id == source_id)
    columns = (of[name] for name in ("id", *dict.fromkeys((*FACTS, *_DETAILS))))
    return select(*columns).where(mine).limit(literal_column("1")).lateral("kept")


def _resolved() -> Any:
    """The incoming rows with what our other tables say of them."""
    sent = _incoming.alias("sent")
    company, link, client, product = pax8_companies.c, client_links.c, clients.c, products.c
    nothing = word("")
    found = {
        "client_id": link.client_id,
        "client_label": func.coalesce(client.name, company.name, nothing),
        "product_name": func.coalesce(sent.c.product_name, product.name, nothing),
        "vendor_name": func.coalesce(product.vendor_name, nothing),
        "usage_billed": is_billed_by_usage(),
    }
    of_company = and_(own(pax8_companies), company.source_id == sent.c.company_id)
    of_link = and_(own(client_links), link.source == FROM_PAX8, link.source_id == sent.c.company_id)
    of_product = and_(
        own(products), product.source == FROM_PAX8, product.source_id == sent.c.product_id
    )
    return (
        select(
            *(sent.c[name] for name in _KEPT if name not in found),
            *(value.label(name) for name, value in found.items()),
        )
        .select_from(
            sent.outerjoin(pax8_companies, of_company)
            .outerjoin(client_links, of_link)
            .outerjoin(clients, and_(own(clients), client.id == link.client_id))
            .outerjoin(products, of_product)
        )
        .subquery("resolved")
    )


def _upsert(*outcomes: str) -> tuple[Any, Any]:
    """The incoming rows of these outcomes on their way into the table, and what they bring."""
    names = ["organisation_id", "source", "id", *_KEPT, "first_seen_at", "changed_at"]
    sent = (_incoming.c[name] for name in _KEPT)
    rows = select(ORGANISATION, FROM_PAX8, _incoming.c.id, *sent, AT, AT).where(
        _incoming.c.outcome.in_([word(outcome) for outcome in outcomes])
    )
    statement = insert(subscriptions).from_select(names, rows)
    return statement, statement.excluded


def _conflict(statement: Any, **news: Any) -> Any:
    return statement.on_conflict_do_update(
        index_elements=["organisation_id", "source", "source_id"], set_=news
    )


def _writing_facts() -> Any:
    statement, sent = _upsert(_CREATED, _NEW_FACTS)
    news = {name: sent[name] for name in (*_KEPT, "changed_at")}
    return with_versions(_conflict(statement, **news, version=subscriptions.c.version + 1))


def _writing_details() -> Any:
    statement, sent = _upsert(_NEW_DETAILS)
    return _conflict(statement, **{name: sent[name] for name in _DETAILS})


_LIVE: Final = (subscriptions.c.source == FROM_PAX8) & subscriptions.c.gone_at.is_(None)
SUBSCRIPTIONS: Final = swept(
    "subscriptions",
    subscriptions,
    _LIVE,
    burying=with_versions(
        update(subscriptions)
        .where(unmet("subscriptions", subscriptions, _LIVE))
        .values(gone_at=AT, changed_at=AT, version=subscriptions.c.version + 1)
    ),
    follow=keep_totals,
)

_JUDGEMENT: Final = prepare(_judgement())
_COUNTING: Final = prepare(
    select(_incoming.c.outcome, func.count().label("records")).group_by(_incoming.c.outcome)
)
_WRITING_FACTS: Final = prepare(_writing_facts())
_WRITING_DETAILS: Final = prepare(_writing_details())


class PostgresPortfolio:
    """The subscriptions of one organisation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def write(self, work: UnitOfWork, records: Sequence[Subscription]) -> Tally:
        if not records:
            return Tally()
        await rely_on_mapping(work)
        await _staging.fill(work, ["id", *_SENT], ((new_id(), *_values_of(one)) for one in records))
        values = owned_by(work.organisation_id)
        await fetch(work.connection, _JUDGEMENT, **values)
        rows = await fetch(work.connection, _COUNTING)
        counted: dict[str, int] = {row["outcome"]: row["records"] for row in rows}
        values["at"] = self._clock.now()
        if counted.keys() & {_CREATED, _NEW_FACTS}:
            await keep_totals(work, await fetch(work.connection, _WRITING_FACTS, **values))
        if _NEW_DETAILS in counted:
            await fetch(work.connection, _WRITING_DETAILS, **values)
        return Tally(
            created=counted.get(_CREATED, 0),
            changed=counted.get(_NEW_FACTS, 0) + counted.get(_NEW_DETAILS, 0),
            unchanged=counted.get(_SAME, 0),
        )
