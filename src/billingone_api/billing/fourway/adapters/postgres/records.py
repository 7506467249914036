"""The four sides joined: one record for each client, product, month and currency."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import JSONB

from billingone_api.billing.definitions.adapters.rates import rates, worth
from billingone_api.billing.definitions.adapters.rounding import decimals
from billingone_api.billing.definitions.models import INVOICE_SOURCES, PriceBasis
from billingone_api.billing.fourway.adapters.postgres import billed, charged, licensed
from billingone_api.billing.fourway.adapters.postgres.charged import EMPTY, MONTH, NOBODY
from billingone_api.billing.fourway.adapters.postgres.judging import judged, known_if
from billingone_api.billing.fourway.adapters.postgres.licensed import ZERO
from billingone_api.billing.fourway.adapters.postgres.used import used
from billingone_api.billing.fourway.leak import PARTS
from billingone_api.billing.fourway.models import PAX8, FourWayStatus
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.subscriptions import pax8_companies, products
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_NO: Final = literal_column("false", Boolean)
LEAK: Final = ("leak", *(f"leak_{name}" for name in PARTS))
_KEY: Final = ("client_id", "product_id", "currency")


@dataclass(frozen=True, slots=True)
class Sides:
    """What is joined; each is read once, however often the statement speaks of it."""

    agreed: CTE
    charged: CTE
    lines: CTE
    homes: CTE
    billed: CTE
    keys: CTE
    rates: CTE


def sides(basis: PriceBasis, *, is_past: bool, of_one: bool) -> Sides:
    held, bills = licensed.held(basis, is_past=is_past, of_one=of_one), charged.bills_of_month()
    agreed = licensed.agreed(held, charged.charged_ids(bills), MONTH)
    due = charged.charged(charged.charges(bills, held, of_one=of_one), agreed)
    known = _known(agreed, due)
    lines = billed.lines(billed.codes(), of_one=of_one)
    homes = billed.homes(known, lines)
    worths = rates()
    paid = billed.billed(lines, homes, agreed, due, worths)
    return Sides(agreed, due, lines, homes, paid, _keys(known, due, homes), worths)


def _known(agreed: CTE, due: CTE) -> CTE:
    """Products of clients that are held or charged."""
    held, of = agreed.c, due.c
    return union(
        select(held.client_id, held.product_id, held.currency).where(held.is_live),
        select(of.client_id, of.product_id, of.currency).where(
            of.client_id != NOBODY, of.product_id != EMPTY
        ),
    ).cte("known")


def _keys(known: CTE, due: CTE, homes: CTE) -> CTE:
    of = due.c
    nameless = or_(of.client_id == NOBODY, of.product_id == EMPTY)
    home = homes.c
    return union(
        select(*known.c, EMPTY.label("company_id")),
        select(home.client_id, home.product_id, home.home, EMPTY),
        select(of.client_id, of.product_id, of.currency, of.company_id).where(nameless),
    ).cte("keys")


def _one(of: Sides) -> CTE:
    """Each record's facts; a side that says nothing of it is nothing of it."""
    key, by, due, paid = of.keys.c, of.agreed.c, of.charged.c, of.billed.c
    counted, unmatched = used(), billed.unmatched(of.lines)
    books = (
        select(client_links.c.client_id)
        .where(
            own(client_links),
            client_links.c.source.in_([word(source) for source in INVOICE_SOURCES]),
            client_links.c.client_id.is_not(None),
        )
        .distinct()
        .cte("with_books")
    )
    is_billed = paid.client_id.is_not(None)
    units, spread = _or_zero(due.units), _or_zero(paid.spread_units)
    may_be_hidden = and_(~is_billed, unmatched.c.lines.is_not(None))
    shown = {
        "client_id": key.client_id,
        "product_id": key.product_id,
        "company_id": key.company_id,
        "currency": key.currency,
        "places": decimals(key.currency),
        "used": counted.c.used,
        "metric": counted.c.metric,
        "used_rule_id": counted.c.rule_id,
        "used_is_shared": func.coalesce(counted.c.is_shared, _NO),
        "licensed": _or_zero(by.licensed),
        "trial": _or_zero(by.trial),
        "unit": by.unit,
        "unit_cost": by.unit_cost,
        "due_cost": _or_zero(by.due_cost),
        "units": units,
        "worth": _or_zero(due.worth),
        "elsewhere": _or_zero(due.elsewhere),
        "owed_prorated": _or_zero(due.prorated),
        "nameless": _or_zero(due.nameless),
        "cost": _or_zero(due.cost),
        "seats_cost": _or_zero(due.seats_cost),
        "fair_cost": _or_zero(due.fair_cost),
        "charges": _or_zero(due.charges),
        "is_draft": func.coalesce(due.is_draft, _NO),
        "billed": _or_zero(paid.units),
        "amount": _or_zero(paid.amount),
        "prorated": _or_zero(paid.prorated),
        "spread_units": spread,
        "instalments": func.least(spread, units),
        "spread": _or_zero(paid.spread),
        "abroad": _or_zero(paid.abroad),
        "abroad_told": func.coalesce(paid.abroad_told, cast(word("[]"), JSONB)),
        "hidden": case((may_be_hidden, units), else_=ZERO),
        "unmatched_lines": func.coalesce(unmatched.c.lines, literal_column("0")),
        "is_linked": or_(key.client_id == NOBODY, books.c.client_id.is_not(None), is_billed),
        "is_usage": or_(func.coalesce(by.is_usage, _NO), func.coalesce(due.is_usage, _NO)),
        "lacks_quantity": or_(
            func.coalesce(due.lacks_quantity, _NO), func.coalesce(paid.lacks_quantity, _NO)
        ),
        "lacks_price": or_(
            func.coalesce(due.lacks_price, _NO), func.coalesce(paid.lacks_amount, _NO)
        ),
        "lacks_cost": func.coalesce(due.lacks_cost, _NO),
        "lacks_fair_cost": or_(
            func.coalesce(by.lacks_cost, _NO),
            func.coalesce(due.lacks_cost, _NO),
            func.coalesce(due.lacks_fair_cost, _NO),
        ),
    }
    joined = (
        of.keys.outerjoin(of.agreed, _same(of.keys, of.agreed))
        .outerjoin(of.charged, and_(_same(of.keys, of.charged), due.company_id == key.company_id))
        .outerjoin(of.billed, _same(of.keys, of.billed))
        .outerjoin(
            counted,
            and_(counted.c.client_id == key.client_id, counted.c.product_id == key.product_id),
        )
        .outerjoin(unmatched, unmatched.c.client_id == key.client_id)
        .outerjoin(books, books.c.client_id == key.client_id)
    )
    rows = select(*(value.label(name) for name, value in shown.items())).select_from(joined)
    # or each of its columns is worked out anew wherever the leak speaks of it
    return rows.cte("one").prefix_with("MATERIALIZED")


@cache
def records(basis: PriceBasis, *, is_past: bool, of_one: bool = False) -> CTE:
    """Every record of the month with its names, and its leak in the reporting currency to sort by.

    Binds those of its sides, `has_charges`, `has_books` and `reporting_currency`.
    """
    joined = sides(basis, is_past=is_past, of_one=of_one)
    found = judged(_one(joined), basis)
    of, known = found.c, joined.rates
    is_client = and_(own(clients), clients.c.id == of.client_id)
    is_product = and_(
        own(products), products.c.source == word(PAX8), products.c.source_id == of.product_id
    )
    is_company = and_(own(pax8_companies), pax8_companies.c.source_id == of.company_id)
    leaking = {name: known_if(of.reason.is_(None), of[name]) for name in LEAK}
    company = pax8_companies.c.name
    shown = {
        **{name: of[name] for name in _names(found) if name not in leaking},
        **leaking,
        "client_id": func.nullif(of.client_id, NOBODY, type_=Uuid()),
        "client_name": clients.c.name,
        "product_id": func.nullif(of.product_id, EMPTY, type_=Text()),
        "product_name": products.c.name,
        "sku": products.c.sku,
        "vendor_name": products.c.vendor_name,
        "company_id": func.nullif(of.company_id, EMPTY, type_=Text()),
        "company_name": company,
        "label": func.coalesce(clients.c.name, company, of.company_id),
        "status": case(
            (of.reason.is_not(None), word(FourWayStatus.NOT_KNOWN)),
            (of.leak > ZERO, word(FourWayStatus.LEAKING)),
            (of.leak < ZERO, word(FourWayStatus.OVERBILLED)),
            (of.overcharge > ZERO, word(FourWayStatus.OVERCHARGED)),
            else_=word(FourWayStatus.MATCHED),
        ),
        "leak_reporting": worth(leaking["leak"], known),
        "overcharge_reporting": worth(of.overcharge, known),
        "key": func.concat_ws(
            word("|"), cast(of.client_id, Text), of.company_id, of.product_id, of.currency
        ),
    }
    return (
        select(*(value.label(name) for name, value in shown.items()))
        .select_from(
            found.outerjoin(clients, is_client)
            .outerjoin(products, is_product)
            .outerjoin(pax8_companies, is_company)
            .outerjoin(known, known.c.currency == of.currency)
        )
        .cte("records")
    )


def _names(rows: CTE) -> list[str]:
    return [column.name for column in rows.c]


def _same(one: CTE, other: CTE) -> ColumnElement[bool]:
    return and_(*(one.c[name] == other.c[name] for name in _KEY))


def _or_zero(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(value, ZERO)
