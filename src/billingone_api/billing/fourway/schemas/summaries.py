"""A month's records summed up on the wire, and on a sheet."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from billingone_api.billing.definitions.schemas import Money
from billingone_api.billing.fourway import examples
from billingone_api.billing.fourway.leak import PARTS
from billingone_api.billing.fourway.models import Unrecorded
from billingone_api.billing.fourway.schemas.records import LeakOut, NoLeakReason, amount_of
from billingone_api.billing.fourway.schemas.standing import StandingOut
from billingone_api.kit.workbooks import Sheet

_COUNTS = ("records", "leaking", "overbilled", "overcharged")
_SUMS = ("owed", "charged_cost", "billed_amount", "margin", "lost", "over", "dear")


class FourWayCurrencyOut(BaseModel):
    """Everything of one currency; currencies are never added."""

    currency: Annotated[str, Field(description="ISO 4217.")]
    records: int
    known: Annotated[int, Field(description="Of them, those whose leak is known.")]
    leaking: Annotated[int, Field(description="Billed for less than is charged.")]
    overbilled: Annotated[int, Field(description="Billed for more than is charged.")]
    overcharged: Annotated[int, Field(description="Charged more than is licensed.")]
    charged: Annotated[Money | None, Field(description="At what clients pay, where it is known.")]
    cost: Annotated[Money | None, Field(description="At what the organisation pays.")]
    billed: Annotated[Money | None, Field(description="Over the records where it is known.")]
    margin: Annotated[Money | None, Field(description="Over the records where it is known.")]
    leak: Annotated[LeakOut | None, Field(description="Of all that are known, net; null: none is.")]
    lost: Annotated[Money | None, Field(description="Of those that leak.")]
    billed_too_much: Annotated[
        Money | None, Field(description="Of those that are overbilled, below 0.")
    ]
    overcharge: Annotated[Money | None, Field(description="Of those that are overcharged.")]


class NotKnownOut(BaseModel):
    """Records whose leak is not known."""

    reason: NoLeakReason
    count: int


class UnmatchedLinesOut(BaseModel):
    """Lines of clients that no product is known for; they are in no figure."""

    lines: int
    clients: int
    amount: Annotated[Money, Field(description="Without tax, of those that say it.")]
    without_amount: Annotated[int, Field(description="Lines that do not say it.")]


FourWayUnrecordedReason = TypeAliasType(
    "FourWayUnrecordedReason",
    Annotated[
        Unrecorded,
        Field(
            description="- `bill_without_month`: of Pax8's; it may be of any month.\n"
            "- `charge_of_nobodys_company`: a person said that the company is no client's.\n"
            "- `charge_without_currency`: neither it nor its bill says one.\n"
            "- `invoice_without_client`: its contact belongs to no client yet.\n"
            "- `invoice_without_currency`: credit notes, too.\n"
            "- `invoice_without_date`: it may be of any month.\n"
            "- `invoice_without_lines`: it bills something, and nothing says what.\n"
            "- `licence_without_currency`, `licence_without_product`: of active and trial "
            "subscriptions as they are now.\n"
            "- `payment_on_a_bill`: what was paid to Pax8 before is no price of anything."
        ),
    ],
)


class FourWayUnrecordedOut(BaseModel):
    """What is known of the month and in no record."""

    reason: FourWayUnrecordedReason
    count: int


class FourWayCoverageOut(BaseModel):
    """What the figures rest on."""

    records: int
    known: int
    excluded: Annotated[list[NotKnownOut], Field(description="All others, under one reason each.")]
    without_client: Annotated[int, Field(description="Charges for companies of no client.")]
    without_product: Annotated[int, Field(description="Charges of no product, such as credits.")]
    unmatched_lines: list[UnmatchedLinesOut]
    unrecorded: list[FourWayUnrecordedOut]


class FourWaySummaryOut(BaseModel):
    """A month in one look."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.SUMMARY]})

    standing: StandingOut
    currencies: list[FourWayCurrencyOut]
    coverage: FourWayCoverageOut


def summed_up(
    totals: Sequence[Mapping[str, Any]],
    unmatched: Sequence[Mapping[str, Any]],
    unrecorded: Sequence[Mapping[str, Any]],
    standing: StandingOut,
) -> FourWaySummaryOut:
    """Of sums by currency and reason; without books nothing is said of lines."""
    currencies = sorted({row["currency"] for row in totals})
    reasons: Counter[str] = Counter()
    for row in totals:
        reasons[row["reason"]] += row["records"]
    known = reasons.pop(None, 0)  # type: ignore[call-overload]  # no reason: it is known
    lines = [] if standing.books_reason is not None else unmatched
    return FourWaySummaryOut.model_validate(
        {
            "standing": standing,
            "currencies": [
                _currency(one, [row for row in totals if row["currency"] == one])
                for one in currencies
            ],
            "coverage": {
                "records": sum(row["records"] for row in totals),
                "known": known,
                "excluded": [
                    {"reason": reason, "count": count} for reason, count in sorted(reasons.items())
                ],
                **{name: sum(row[name] for row in totals) for name in _WITHOUT},
                "unmatched_lines": [
                    {**row, "amount": amount_of(row["amount"], row["currency"])} for row in lines
                ],
                "unrecorded": [dict(row) for row in unrecorded],
            },
        }
    )


_WITHOUT = ("without_client", "without_product")


def _currency(currency: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    known = [row for row in rows if row["reason"] is None]
    parts = {name: _added(known, f"leak_{name}") for name in PARTS}
    difference = sum((part for part in parts.values() if part is not None), Decimal(0))
    money = {name: amount_of(_added(rows, name), currency) for name in _SUMS}
    leak = {name: amount_of(part, currency) for name, part in parts.items()}
    return {
        "currency": currency,
        **{name: sum(row[name] for row in rows) for name in _COUNTS},
        "known": sum(row["records"] for row in known),
        "charged": money["owed"],
        "cost": money["charged_cost"],
        "billed": money["billed_amount"],
        "margin": money["margin"],
        "leak": {**leak, "difference": amount_of(difference, currency)} if known else None,
        "lost": money["lost"] if known else None,
        "billed_too_much": money["over"] if known else None,
        "overcharge": money["dear"],
    }


def _added(rows: Sequence[Mapping[str, Any]], name: str) -> Decimal | None:
    given = [row[name] for row in rows if row[name] is not None]
    return sum(given, Decimal(0)) if given else None


def summary_sheet(summary: FourWaySummaryOut) -> Sheet:
    return Sheet("Summary", list(_rows(summary)))


def _rows(summary: FourWaySummaryOut) -> Iterator[tuple[str, str | int | Decimal | None]]:
    standing, coverage = summary.standing, summary.coverage
    yield "Month", f"{standing.month:%Y-%m}"
    yield "Charged by", standing.charged_by or f"not known: {standing.charges_reason}"
    yield "Licences", "known" if standing.licences_reason is None else standing.licences_reason
    yield "Clients' invoices", "known" if standing.books_reason is None else standing.books_reason
    yield "Counted on", None if standing.used_on is None else standing.used_on.isoformat()
    for one in standing.freshness:
        at = one.last_success_at
        yield f"Last success: {one.source}", "never" if at is None else at.isoformat()
    yield "Records", coverage.records
    yield "Records whose leak is known", coverage.known
    for each in coverage.excluded:
        yield f"Not known: {each.reason}", each.count
    for left in coverage.unrecorded:
        yield f"Not recorded: {left.reason}", left.count
    for currency in summary.currencies:
        for name in ("charged", "cost", "billed", "margin", "lost", "billed_too_much",
                     "overcharge"):  # fmt: skip
            money = getattr(currency, name)
            yield f"{name}, {currency.currency}", None if money is None else money.amount
        for name in PARTS if currency.leak else ():
            yield f"leak: {name}, {currency.currency}", getattr(currency.leak, name).amount
    for line in coverage.unmatched_lines:
        yield f"Lines of no known product, {line.amount.currency}", line.amount.amount
