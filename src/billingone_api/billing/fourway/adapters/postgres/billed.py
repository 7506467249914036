"""What clients are billed: lines of their invoices and credit notes, matched to Pax8's products."""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Numeric,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from billingone_api.billing.definitions.adapters.invoices import in_current_books, issued_key
from billingone_api.billing.definitions.adapters.rounding import rounded
from billingone_api.billing.definitions.models import InvoiceState
from billingone_api.billing.fourway.adapters.postgres.licensed import AFTER, MONTH, only
from billingone_api.billing.fourway.adapters.postgres.said import (
    BILLED,
    EMPTY,
    PLAIN,
    PRORATED,
    UNKNOWN,
    ZERO,
    shaped,
)
from billingone_api.billing.fourway.adapters.postgres.wording import code_key, described
from billingone_api.billing.fourway.models import NO_PRODUCT, PAX8, Unrecorded, Verdict
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


def _by_code() -> ColumnElement[Any]:
    """The product of each item code that is the SKU of one and of no other.

    Looked up in one value that is worked out once: of a join PostgreSQL guesses that there are few
    lines, and compares each with every product.
    """
    of = products.c
    key, is_sold = code_key(of.sku), of.gone_at.is_(None)
    each = (
        select(
            key.label("code"),
            func.coalesce(func.min(of.source_id).filter(is_sold), func.min(of.source_id)).label(
                "product_id"
            ),
        )
        .where(own(products), of.source == word(PAX8), key != word(""))
        .group_by(key)
        # One that is sold no more gives its SKU away, to another that is.
        .having(or_(func.count().filter(is_sold) == _ONE, func.count() == _ONE))
        .subquery("codes")
    )
    found = func.jsonb_object_agg(each.c.code, each.c.product_id, type_=JSONB)
    return select(found).scalar_subquery()


def _by_description() -> ColumnElement[Any]:
    """What people said of descriptions; looked up as codes are."""
    said = line_mappings.c
    found = func.jsonb_object_agg(said.description_key, said.product_id, type_=JSONB)
    is_said = and_(own(line_mappings), said.verdict == word(Verdict.CONFIRMED))
    return select(found).where(is_said).scalar_subquery()


def is_counted(owner: Any) -> ColumnElement[bool]:
    """A document that stands, of the books that are read now; a draft is one already."""
    document = owner.c
    is_once = [document.twin_id.is_(None)] if owner is invoices else []
    return and_(
        document.gone_at.is_(None),
        document.state.in_([word(state) for state in _COUNTED]),
        in_current_books(owner),
        *is_once,
    )


def unrecorded(owner: Any) -> ColumnElement[Any]:
    """Why a document of the month is in no record; NULL where it is in one."""
    document = owner.c
    return case(
        (document.client_id.is_(None), word(Unrecorded.INVOICE_WITHOUT_CLIENT)),
        (document.currency.is_(None), word(Unrecorded.INVOICE_WITHOUT_CURRENCY)),
    )


def of_month(owner: Any) -> ColumnElement[bool]:
    day = issued_key(owner) if owner is invoices else owner.c.issued_on
    return and_(day >= MONTH, day < AFTER)


def _documents(owner: Any, rows: Any, key: str, *conditions: ColumnElement[bool]) -> Any:
    """Lines of documents of one kind, with what the document says; credit notes take away."""
    of, document = rows.c, owner.c
    sign = _CREDIT if owner is client_credits else _ONE
    inclusive = func.lower(document.line_amounts_are) == word("inclusive")
    # Of an amount with tax of which the tax is not said, nobody knows what it is without.
    net = case((inclusive, of.line_amount - of.tax_amount), else_=of.line_amount)
    return (
        select(
            document.client_id,
            document.currency,
            document.issued_on,
            of.item_code,
            described(rows).label("description"),
            of.description_key,
            of.is_prorated,
            (of.quantity * sign).label("quantity"),
            of.unit_amount,
            (net * sign).label("amount"),
        )
        .join(owner, and_(own(owner), document.id == of[key]))
        .where(
            own(rows),
            unrecorded(owner).is_(None),
            is_counted(owner),
            # Texts bill nothing, whether their amount is left out or 0.
            or_(of.line_amount != ZERO, of.quantity != ZERO),
            *conditions,
        )
    )


def lines(*, since: bool = False, of_one: bool = False) -> CTE:
    """Every line of the month, or since a day, with the product that it bills where one is known.

    An item code that is a product's SKU says it, else what a person said of the description. An
    empty product: a person said that it is none of Pax8's.
    """
    issued = (lambda owner: owner.c.issued_on >= _SINCE) if since else of_month
    told = union_all(
        _documents(
            invoices,
            invoice_lines,
            "invoice_id",
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
    of = told.c
    product = func.coalesce(
        _by_code()[code_key(of.item_code)].astext, _by_description()[of.description_key].astext
    )
    return select(*of, product.label("product_id")).cte("lines")


def billed_rows(lines_: CTE) -> Select[Any]:
    """Lines of clients, but for those that bill none of Pax8's products."""
    of = lines_.c
    sort = case(
        (of.product_id.is_(None), word(UNKNOWN)),
        (of.is_prorated, word(PRORATED)),
        else_=word(PLAIN),
    )
    row = shaped(
        side=word(BILLED),
        sort=sort,
        client_id=of.client_id,
        product_id=func.coalesce(of.product_id, EMPTY),
        company_id=EMPTY,
        currency=of.currency,
        quantity=of.quantity,
        amount=rounded(of.amount, of.currency),
        unit=of.unit_amount,
    )
    return select(*row).where(func.coalesce(of.product_id, word("?")) != word(NO_PRODUCT))


def of_no_product(lines_: CTE) -> Select[Any]:
    """By currency: lines of clients that no product is known for."""
    of = lines_.c
    return (
        select(
            of.currency,
            func.count().label("lines"),
            func.count(of.client_id.distinct()).label("clients"),
            func.coalesce(func.sum(rounded(of.amount, of.currency)), ZERO).label("amount"),
            func.count().filter(of.amount.is_(None)).label("without_amount"),
        )
        .where(of.product_id.is_(None))
        .group_by(of.currency)
    )
