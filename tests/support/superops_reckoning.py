"""A second computation over SuperOps's raw answers: plain Python, and SQL over what is kept.

Nothing here knows how we read SuperOps: what stands in the answers is added up as it is, by the
rules of the definitions alone.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from tests.support.databases import Database

Json = dict[str, Any]
Sums = dict[tuple[Any, ...], tuple[Any, ...]]
ZONE = ZoneInfo("Australia/Sydney")
STATE = {
    "DRAFT": "draft",
    "APPROVED": "approved",
    "OVERDUE": "approved",
    "PAID": "paid",
    "VOID": "void",
}
SELECTED = {
    "getClientList": ("clients", "accountId name"),
    "getInvoiceList": ("invoices", "invoiceId"),
    "getAssetList": ("assets", "assetId client status assetClass deviceCategory"),
    "getClientUserAssociationList": (
        "associations",
        "id client { accountId name } user { userId name }",
    ),
}
INVOICE = (
    "query getInvoice($input: InvoiceIdentifierInput!) { getInvoice(input: $input) { "
    "invoiceId displayId client invoiceDate dueDate statusEnum totalAmount paymentDate "
    "additionalDiscount additionalDiscountRate taxes { taxAmount } "
    "items { details quantity unitPrice discountRate amount } } }"
)
DISCOUNT = "Discount on the whole invoice"
LIVE = "JOIN ledgers b ON b.id = r.ledger_id AND b.is_current WHERE r.gone_at IS NULL "


@dataclass(frozen=True)
class Told:
    """Money by client and state, each invoice's lines, and what belongs to each client."""

    invoices: Sums
    paid: Sums
    lines: Sums
    assets: Sums
    users: Sums


@dataclass(frozen=True)
class Asking:
    """Somebody else's hand that asks SuperOps."""

    http: httpx.AsyncClient
    url: str
    token: str
    subdomain: str

    async def answer(self, query: str, **asked: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "CustomerSubDomain": self.subdomain}
        body = {"query": query, "variables": {"input": asked}}
        answer = await self.http.post(self.url, json=body, headers=headers)
        [found] = json.loads(answer.text, parse_float=Decimal)["data"].values()
        return found

    async def everything(self, operation: str) -> list[Json]:
        name, fields = SELECTED[operation]
        query = (
            f"query {operation}($input: ListInfoInput!) {{ {operation}(input: $input) "
            f"{{ {name} {{ {fields} }} listInfo {{ totalCount }} }} }}"
        )
        rows: list[Json] = []
        total, page = 1, 0
        while page * 100 < total:
            page += 1
            found = await self.answer(query, page=page, pageSize=100)
            rows += found[name]
            total = int(found["listInfo"]["totalCount"])
        assert len(rows) == total
        return rows

    async def invoices(self) -> list[Json]:
        listed = await self.everything("getInvoiceList")
        return [await self.answer(INVOICE, invoiceId=one["invoiceId"]) for one in listed]


def is_readable(invoice: Json) -> bool:
    try:
        Decimal(invoice["totalAmount"])
        date.fromisoformat(invoice["invoiceDate"])
    except (ArithmeticError, ValueError):
        return False
    return True


def day(text: str | None) -> date | None:
    if not text:
        return None
    if len(text) == 10:
        return date.fromisoformat(text)
    return datetime.fromisoformat(text).replace(tzinfo=UTC).astimezone(ZONE).date()


def owner(record: Json) -> str | None:
    return str(record["client"]["accountId"]) if record["client"] else None


async def told(asking: Asking, currency: str = "AUD") -> Told:
    sums: defaultdict[tuple[Any, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 5)
    paid: defaultdict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    lines: Sums = {}
    for one in filter(is_readable, await asking.invoices()):
        state = STATE.get(one["statusEnum"], "unknown")
        total = Decimal(one["totalAmount"])
        tax = sum((Decimal(each["taxAmount"]) for each in one["taxes"]), Decimal(0))
        due = Decimal(0) if state in {"paid", "void"} else total
        kept = sums[owner(one), currency, state]
        kept[:] = [
            old + new
            for old, new in zip(kept, (Decimal(1), total - tax, tax, total, due), strict=True)
        ]
        if state == "paid":
            paid[currency, day(one["paymentDate"])] += total
        for place, item in enumerate(one["items"], 1):
            numbers = (item[name] for name in ("quantity", "unitPrice", "discountRate", "amount"))
            lines[str(one["invoiceId"]), place] = (
                item["details"],
                *(None if number is None else Decimal(number) for number in numbers),
            )
        # What comes off the whole is on no line of theirs, and on the last of ours.
        if Decimal(one["additionalDiscount"] or 0):
            rate, less = (Decimal(one[f"additionalDiscount{what}"]) for what in ("Rate", ""))
            place = len(one["items"]) + 1
            lines[str(one["invoiceId"]), place] = (DISCOUNT, None, None, rate, -less)
    devices: defaultdict[tuple[Any, ...], int] = defaultdict(int)
    for asset in await asking.everything("getAssetList"):
        kind, category = asset["assetClass"]["name"], asset["deviceCategory"]["name"]
        devices[owner(asset), kind, category, asset["status"]] += 1
    people: defaultdict[str, set[str]] = defaultdict(set)
    for one in await asking.everything("getClientUserAssociationList"):
        people[str(one["client"]["accountId"])].add(str(one["user"]["userId"]))
    return Told(
        {key: tuple(values) for key, values in sums.items()},
        {key: (value,) for key, value in paid.items()},
        lines,
        {key: (count,) for key, count in devices.items()},
        {(key,): (len(found),) for key, found in people.items()},
    )


async def kept(database: Database) -> Told:
    async def sums(sql: str, keys: int) -> Sums:
        rows = [tuple(row.values()) for row in await database.as_owner(sql)]
        return {row[:keys]: row[keys:] for row in rows}

    return Told(
        await sums(
            "SELECT r.contact_id, r.currency, r.state, count(*), sum(r.subtotal), sum(r.tax), "  # noqa: S608 - a test's own words
            f"sum(r.total), sum(r.amount_due) FROM invoices r {LIVE} GROUP BY 1, 2, 3",
            3,
        ),
        await sums(
            "SELECT r.currency, r.fully_paid_on, sum(r.total) FROM invoices r "  # noqa: S608 - the same
            f"{LIVE} AND r.state = 'paid' GROUP BY 1, 2",
            2,
        ),
        await sums(
            "SELECT r.source_id, l.position, l.description, l.quantity, l.unit_amount, "  # noqa: S608 - the same
            "l.discount_rate, l.line_amount FROM invoice_lines l "
            f"JOIN invoices r ON r.id = l.invoice_id {LIVE}",
            2,
        ),
        await sums(
            "SELECT r.client_source_id, r.asset_class, r.device_category, r.source_status, "  # noqa: S608 - the same
            f"count(*) FROM superops_assets r {LIVE} GROUP BY 1, 2, 3, 4",
            4,
        ),
        await sums(
            "SELECT r.client_source_id, count(DISTINCT r.user_source_id) FROM superops_users r "  # noqa: S608 - the same
            f"{LIVE} GROUP BY 1",
            1,
        ),
    )
