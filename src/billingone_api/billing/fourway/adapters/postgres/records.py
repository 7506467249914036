"""The four sides joined: one record for each client, product, month and currency."""

from functools import cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Numeric,
    Text,
    Uuid,
    and_,
    case,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from billingone_api.billing.definitions.adapters.rates import REPORTING_CURRENCY, rates, worth
from billingone_api.billing.definitions.adapters.rounding import rounded
from billingone_api.billing.definitions.models import INVOICE_SOURCES, PriceBasis
from billingone_api.billing.fourway.adapters.postgres import billed, charged, licensed
from billingone_api.billing.fourway.adapters.postgres.judging import judged, known_if
from billingone_api.billing.fourway.adapters.postgres.said import EMPTY, NO, NOBODY, ZERO, added_up
from billingone_api.billing.fourway.adapters.postgres.used import used
from billingone_api.billing.fourway.leak import PARTS
from billingone_api.billing.fourway.models import PAX8, FourWayStatus
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.subscriptions import pax8_companies, products
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_NONE: Final = cast(word("[]"), JSONB)
LEAK: Final = ("leak", *(f"leak_{name}" for name in PARTS))


def _facts(basis: PriceBasis, *, is_past: bool, of_one: bool) -> CTE:
    """Each record's facts; a side that says nothing of it is nothing of it."""
    held, bills = licensed.held(basis, is_past=is_past, of_one=of_one), charged.bills_of_month()
    found = added_up(
        licensed.held_rows(held, charged.charged_units(bills, of_one=of_one)),
        charged.charge_rows(bills, held, of_one=of_one),
        billed.billed_rows(billed.lines(of_one=of_one)),
    )
    of, counted = found.c, used(of_one=of_one)
    books, companies = _linked(*INVOICE_SOURCES), _linked(PAX8)
    whole = (of.client_id, of.product_id)
    currencies = func.count().filter(of.licensed != ZERO).over(partition_by=whole)
    is_held_twice = currencies > literal_column("1")
    may_be_hidden = and_(~of.is_billed, of.unmatched_lines > literal_column("0"))
    is_counted = and_(counted.c.client_id == of.client_id, counted.c.product_id == of.product_id)
    return (
        select(
            *of,
            func.least(of.spread_units, of.units).label("instalments"),
            case((may_be_hidden, of.units), else_=ZERO).label("hidden"),
            or_(of.client_id == NOBODY, books.c.client_id.is_not(None), of.is_billed).label(
                "is_linked"
            ),
            or_(of.client_id == NOBODY, companies.c.client_id.is_not(None)).label("has_company"),
            counted.c.used,
            counted.c.metric,
            counted.c.rule_id.label("used_rule_id"),
            or_(func.coalesce(counted.c.is_shared, NO), is_held_twice).label("used_is_shared"),
        )
        .select_from(
            found.outerjoin(counted, is_counted)
            .outerjoin(books, books.c.client_id == of.client_id)
            .outerjoin(companies, companies.c.client_id == of.client_id)
        )
        .cte("facts")
    )


def _linked(*sources: str) -> CTE:
    """Clients that have a record of one of these sources."""
    of = client_links.c
    return (
        select(of.client_id)
        .where(
            own(client_links),
            of.source.in_([word(source) for source in sources]),
            of.client_id.is_not(None),
        )
        .distinct()
        .cte(f"linked_to_{sources[0]}")
    )


def _of_all(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Their sum, of which nothing is said where one of them says nothing."""
    return case((func.count() == func.count(value), func.sum(value)))


def _abroad(lines: ColumnElement[Any], known: CTE) -> ColumnElement[Any]:
    """What is billed in other currencies, by currency, with what it is worth today."""
    columns = (column("currency", Text), column("units", Numeric), column("amount", Numeric))
    line = (
        func.jsonb_to_recordset(lines)
        .table_valued(*columns)
        .render_derived(name="line", with_types=True)
    )
    of = line.c
    each = (
        select(of.currency, _of_all(of.units).label("units"), _of_all(of.amount).label("amount"))
        .group_by(of.currency)
        .subquery("each_currency")
    )
    one = each.c
    told = func.jsonb_build_object(
        word("currency"), one.currency,
        word("units"), cast(func.trim_scale(one.units), Text),
        word("amount"), cast(one.amount, Text),
        word("worth"), cast(rounded(worth(one.amount, known), REPORTING_CURRENCY), Text),
    )  # fmt: skip
    return (
        select(func.coalesce(func.jsonb_agg(aggregate_order_by(told, one.currency)), _NONE))
        .select_from(each.outerjoin(known, known.c.currency == one.currency))
        .scalar_subquery()
    )


@cache
def records(basis: PriceBasis, *, is_past: bool, of_one: bool = False) -> CTE:
    """Every record of the month with its names, and its leak in the reporting currency to sort by.

    Binds those of its sides, `has_charges`, `has_books` and `reporting_currency`.
    """
    found = judged(_facts(basis, is_past=is_past, of_one=of_one), basis)
    of, known = found.c, rates()
    is_client = and_(own(clients), clients.c.id == of.client_id)
    is_product = and_(
        own(products), products.c.source == word(PAX8), products.c.source_id == of.product_id
    )
    is_company = and_(own(pax8_companies), pax8_companies.c.source_id == of.company_id)
    leaking = {name: known_if(of.reason.is_(None), of[name]) for name in LEAK}
    company = pax8_companies.c.name
    shown = {
        **{
            name: of[name]
            for name in _names(found)
            if name not in leaking and name != "abroad_lines"
        },
        "abroad_told": case(
            (of.abroad_lines.is_not(None), _abroad(of.abroad_lines, known)), else_=_NONE
        ),
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
