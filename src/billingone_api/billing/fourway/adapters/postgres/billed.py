"""What clients are billed: lines of their invoices and credit notes, matched to Pax8's products."""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Numeric,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from billingone_api.billing.definitions.adapters.invoices import in_current_books
from billingone_api.billing.definitions.adapters.rates import REPORTING_CURRENCY, worth
from billingone_api.billing.definitions.adapters.rounding import rounded
from billingone_api.billing.definitions.models import InvoiceState
from billingone_api.billing.fourway.adapters.postgres.charged import AFTER, MONTH
from billingone_api.billing.fourway.adapters.postgres.licensed import ZERO, only
from billingone_api.billing.fourway.adapters.postgres.wording import (
    code_key,
    described,
    description_key,
    says_prorated,
)
from billingone_api.billing.fourway.models import NO_PRODUCT, PAX8, Verdict
from billingone_api.database.tables.fourway import line_mappings
from billingone_api.database.tables.invoices import (
    client_credits,
    credit_lines,
    invoice_lines,
    invoices,
)
from billingone_api.database.tables.subscriptions import products
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_COUNTED: Final = (
    InvoiceState.DRAFT,
    InvoiceState.AWAITING_APPROVAL,
    InvoiceState.APPROVED,
    InvoiceState.PAID,
)
_SINCE: Final = bindparam("since", type_=Date)
_ONE: Final = literal_column("1", Numeric)
_CREDIT: Final = literal_column("-1", Numeric)


def codes() -> Any:
    """Item codes that are the SKU of one product and of no other."""
    of = products.c
    key = code_key(of.sku)
    return (
        select(key.label("code"), func.min(of.source_id).label("product_id"))
        .where(own(products), of.source == word(PAX8), key != word(""))
        .group_by(key)
        .having(func.count() == _ONE)
        .cte("codes")
    )


def _documents(owner: Any, rows: Any, key: str, *conditions: ColumnElement[bool]) -> Any:
    """Lines of documents of one kind, with what the document says; credit notes take away."""
    of, document = rows.c, owner.c
    sign = _CREDIT if owner is client_credits else _ONE
    inclusive = func.lower(document.line_amounts_are) == word("inclusive")
    net = of.line_amount - case((inclusive, func.coalesce(of.tax_amount, ZERO)), else_=ZERO)
    said = described(rows)
    return (
        select(
            document.client_id,
            document.currency,
            document.issued_on,
            of.item_code,
            said.label("description"),
            (of.quantity * sign).label("quantity"),
            of.unit_amount,
            (net * sign).label("amount"),
        )
        .join(owner, and_(own(owner), document.id == of[key]))
        .where(
            own(rows),
            document.client_id.is_not(None),
            document.currency.is_not(None),
            document.gone_at.is_(None),
            document.state.in_([word(state) for state in _COUNTED]),
            in_current_books(owner),
            # Texts bill nothing, whether their amount is left out or 0.
            or_(of.line_amount != ZERO, of.quantity != ZERO),
            *conditions,
        )
    )


def lines(codes_: Any, *, since: bool = False, of_one: bool = False) -> CTE:
    """Every line of the month, or since a day, with the product that it bills where one is known.

    An item code that is a product's SKU says it, else what a person said of the description. An
    empty product: a person said that it is none of Pax8's.
    """
    issued = (
        (lambda owner: owner.c.issued_on >= _SINCE)
        if since
        else (lambda owner: and_(owner.c.issued_on >= MONTH, owner.c.issued_on < AFTER))
    )
    told = union_all(
        _documents(
            invoices,
            invoice_lines,
            "invoice_id",
            invoices.c.twin_id.is_(None),
            issued(invoices),
            *only(invoices.c.client_id, of_one=of_one),
        ),
        _documents(
            client_credits,
            credit_lines,
            "credit_id",
            client_credits.c.kind == word("credit_note"),
            issued(client_credits),
            *only(client_credits.c.client_id, of_one=of_one),
        ),
    ).subquery("told")
    of, said = told.c, line_mappings.c
    by_code = codes_.c.product_id
    key = case((by_code.is_(None), description_key(of.description)), else_=null())
    coded = (
        select(*of, by_code.label("by_code"), key.label("description_key"))
        .select_from(told.outerjoin(codes_, codes_.c.code == code_key(of.item_code)))
        .subquery("coded")
    )
    is_confirmed = and_(
        own(line_mappings),
        said.description_key == coded.c.description_key,
        said.verdict == word(Verdict.CONFIRMED),
    )
    return (
        select(
            *(column for column in coded.c if column.name != "by_code"),
            func.coalesce(coded.c.by_code, said.product_id).label("product_id"),
        )
        .select_from(coded.outerjoin(line_mappings, is_confirmed))
        .cte("lines")
    )


def unmatched(lines_: CTE) -> CTE:
    """By client: how many of its lines nobody knows the product of."""
    of = lines_.c
    return (
        select(of.client_id, func.count().label("lines"))
        .where(of.product_id.is_(None))
        .group_by(of.client_id)
        .cte("unmatched")
    )


def homes(keys: CTE, lines_: CTE) -> CTE:
    """The currency under which a client's product is compared, for each that it is billed in.

    Where it is neither licensed nor charged in that currency but in another, the first of those.
    """
    of, key = lines_.c, keys.c
    billed_in = (
        select(of.client_id, of.product_id, of.currency)
        .where(of.product_id != word(NO_PRODUCT))
        .distinct()
        .subquery("billed_in")
    )
    first = (
        select(key.client_id, key.product_id, func.min(key.currency).label("currency"))
        .group_by(key.client_id, key.product_id)
        .subquery("first_currency")
    )
    of = billed_in.c
    is_same = and_(key.client_id == of.client_id, key.product_id == of.product_id)
    is_first = and_(first.c.client_id == of.client_id, first.c.product_id == of.product_id)
    return (
        select(
            *of,
            func.coalesce(key.currency, first.c.currency, of.currency).label("home"),
        )
        .select_from(
            billed_in.outerjoin(keys, and_(is_same, key.currency == of.currency)).outerjoin(
                first, is_first
            )
        )
        .cte("homes")
    )


def billed(lines_: CTE, homes_: CTE, agreed: CTE, charged: CTE, known: CTE) -> CTE:
    """Added up by client, product and the currency it is compared in; `known` are rates."""
    of, home = lines_.c, homes_.c
    is_same = and_(
        home.client_id == of.client_id,
        home.product_id == of.product_id,
        home.currency == of.currency,
    )
    by, due = agreed.c, charged.c
    is_agreed = and_(
        by.client_id == of.client_id, by.product_id == of.product_id, by.currency == home.home
    )
    is_charged = and_(
        due.client_id == of.client_id, due.product_id == of.product_id, due.currency == home.home
    )
    charged_units = func.coalesce(due.units, ZERO)
    is_abroad = home.home != of.currency
    is_prorated = func.coalesce(says_prorated(of.description), literal_column("false"))
    is_spread = func.coalesce(
        and_(by.is_long, or_(charged_units == ZERO, of.unit_amount * 2 < by.unit)),
        literal_column("false"),
    )
    sort = case(
        (is_abroad, word("abroad")),
        (is_prorated, word("prorated")),
        (is_spread, word("spread")),
        else_=word("whole"),
    )
    each = (
        select(
            of.client_id,
            of.product_id,
            of.currency,
            home.home,
            sort.label("sort"),
            func.sum(of.quantity).label("units"),
            func.sum(rounded(of.amount, of.currency)).label("amount"),
            func.count().label("lines"),
            func.bool_or(of.quantity.is_(None)).label("lacks_quantity"),
            func.bool_or(of.amount.is_(None)).label("lacks_amount"),
        )
        .select_from(
            lines_.join(homes_, is_same).outerjoin(agreed, is_agreed).outerjoin(charged, is_charged)
        )
        .group_by(of.client_id, of.product_id, of.currency, home.home, sort)
        .subquery("each_sort")
    )
    return _by_record(each, known)


def _by_record(each: Any, known: CTE) -> CTE:
    of = each.c
    told = func.jsonb_build_object(
        word("currency"), of.currency,
        word("units"), cast(func.trim_scale(of.units), Text),
        word("amount"), cast(of.amount, Text),
        word("worth"), cast(rounded(worth(of.amount, known), REPORTING_CURRENCY), Text),
    )  # fmt: skip
    is_abroad = of.sort == word("abroad")

    def units(sort: str) -> ColumnElement[Any]:
        return func.coalesce(func.sum(of.units).filter(of.sort == word(sort)), ZERO)

    def amount(sort: str) -> ColumnElement[Any]:
        return func.coalesce(func.sum(of.amount).filter(of.sort == word(sort)), ZERO)

    return (
        select(
            of.client_id,
            of.product_id,
            of.home.label("currency"),
            units("whole").label("units"),
            amount("whole").label("amount"),
            amount("prorated").label("prorated"),
            units("spread").label("spread_units"),
            amount("spread").label("spread"),
            units("abroad").label("abroad"),
            func.jsonb_agg(aggregate_order_by(told, of.currency))
            .filter(is_abroad)
            .label("abroad_told"),
            func.sum(of.lines).label("lines"),
            func.bool_or(and_(of.lacks_quantity, of.sort != word("prorated"))).label(
                "lacks_quantity"
            ),
            func.bool_or(of.lacks_amount & ~is_abroad).label("lacks_amount"),
        )
        .select_from(each.outerjoin(known, known.c.currency == of.currency))
        .group_by(of.client_id, of.product_id, of.home)
        .cte("billed")
    )


def of_no_product(lines_: CTE) -> Select[Any]:
    """By currency: lines of clients that no product is known for."""
    of = lines_.c
    return (
        select(
            of.currency,
            func.count().label("lines"),
            func.count(of.client_id.distinct()).label("clients"),
            func.coalesce(func.sum(rounded(of.amount, of.currency)), ZERO).label("amount"),
        )
        .where(of.product_id.is_(None))
        .group_by(of.currency)
    )
