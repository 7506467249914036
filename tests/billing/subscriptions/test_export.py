"""The list as a file: every row, safe for spreadsheets, gone when its reader goes."""

import asyncio
import csv
import io
import os
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
from starlette.types import Message
from tests.support.api import Api
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.pax8 import Engine, company, subscription

from billingone_api.billing.subscriptions.models import Product, Subscription
from billingone_api.process import Process

URL = "/v1/subscriptions/export.csv"
WORKBOOK = "/v1/subscriptions/export.xlsx"
each_format = pytest.mark.parametrize("url", [URL, WORKBOOK])


async def exported(api: Api, query: str = "") -> list[dict[str, str]]:
    answer = await api.viewer.get(f"{URL}?{query}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def synced(engine: Engine, *rows: Subscription) -> None:
    engine.pax8.page_size = 200
    engine.pax8.subscriptions_ = list(rows)
    await engine.sync()


async def test_a_file_has_a_name_a_header_and_every_row(api: Api, engine: Engine) -> None:
    await synced(engine, subscription("s1"), subscription("s2", price=None, currency=None))
    answer = await api.viewer.get(URL)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="subscriptions-2026-11-24.csv"'
    )
    header, first, second, end = answer.text.split("\r\n")
    assert header == (
        "id,source,source_id,badge,source_status,client_id,client,company_id,company,product_id,"
        "product,vendor,quantity,unit_price,total,partner_unit_cost,mrr,currency,mrr_excluded,"
        "billing_term,starts_on,ends_on,commitment_term,commitment_ends_on,is_gone,"
        "is_company_gone,is_usage_billed,changed_at"
    )
    assert first.partition(",")[2] == (
        "pax8,s1,active,Active,,Harbour Dental,harbour,Harbour Dental,premium,"
        "Microsoft 365 Business Premium,Microsoft,42,32.9,1381.80,27.64,1381.80,AUD,,Monthly,"
        "2026-02-01,,1-Year,2027-01-31,false,false,false,2026-11-24T01:00:00.000000Z"
    )
    assert second.split(",")[12:19] == ["42", "", "", "", "", "", "currency"]
    assert end == ""


async def test_a_file_of_nothing_is_its_header(api: Api) -> None:
    answer = await api.viewer.get(URL)
    assert answer.text.startswith("id,source,")
    assert answer.text.endswith(",changed_at\r\n")
    assert answer.text.count("\r\n") == 1


HOSTILE = [
    ("=1+1", "'=1+1"),
    ("+1", "'+1"),
    ("-1", "'-1"),
    ("-3 Teams", "'-3 Teams"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\t=1", "' =1"),
    ("\r=1", "' =1"),
    ("\n=1", "' =1"),
    ("  =1", "'  =1"),
    ("\u00a0=1", "'\u00a0=1"),
    ("＝1", "'＝1"),  # noqa: RUF001 - full width
    ("＠x", "'＠x"),  # noqa: RUF001 - full width
    ('=cmd|"/C calc"!A0', '\'=cmd|"/C calc"!A0'),
    ("two\r\nlines", "two  lines"),
    ('a "quoted", name', 'a "quoted", name'),
    ('",=1+1,"', '",=1+1,"'),
    ("'=1", "'=1"),
    ("3-2", "3-2"),
    ("Çay Evi", "Çay Evi"),
    ("💩", "💩"),
    ("\\N", "\\N"),
    ("\\.", "\\."),
    ("NULL", "NULL"),
]


@pytest.mark.parametrize(("name", "cell"), HOSTILE)
async def test_a_hostile_name_is_never_a_formula(
    api: Api, engine: Engine, name: str, cell: str
) -> None:
    engine.pax8.companies_ = [company(name, name, source_status="Active")]
    engine.pax8.products = {name: Product(name, name=name, vendor_name=name)}
    await synced(
        engine,
        subscription(
            name,
            company_id=name,
            product_id=name,
            product_name=None,
            source_status=name,
            billing_term=name,
            commitment_term=name,
        ),
    )
    (row,) = await exported(api)
    text = {
        "source_id", "source_status", "client", "company_id", "company", "product_id", "product",
        "vendor", "billing_term", "commitment_term",
    }  # fmt: skip
    assert {row[column] for column in text} == {cell}
    assert len(row) == 28


async def test_a_negative_number_stays_a_number(api: Api, engine: Engine) -> None:
    await synced(engine, subscription("s1", quantity=Decimal(-3), price=Decimal("-1.50")))
    (row,) = await exported(api)
    assert (row["quantity"], row["unit_price"], row["total"]) == ("-3", "-1.50", "4.50")


async def test_a_file_has_the_lists_filters_and_order(api: Api, engine: Engine) -> None:
    await synced(
        engine,
        *(subscription(f"s{n}", quantity=Decimal(n)) for n in range(5)),
        subscription("t1", source_status="Trial"),
    )
    rows = await exported(api, "sort=-quantity&badge=active&q=harbour")
    assert [row["source_id"] for row in rows] == ["s4", "s3", "s2", "s1", "s0"]
    assert await exported(api, "vendor=Nobody") == []


@each_format
@pytest.mark.parametrize("query", ["limit=5", "cursor=x", "with_total=true", "sort=name", "q=%00"])
async def test_a_file_takes_no_other_parameters(api: Api, query: str, url: str) -> None:
    answer = await api.viewer.get(f"{url}?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


MANY = """
INSERT INTO subscriptions (organisation_id, id, source, source_id, source_status, quantity, price,
  currency, billing_term, client_label, product_name, first_seen_at, changed_at)
SELECT $1, gen_random_uuid(), 'pax8', 'sub-' || n, 'Active', n, 32.9, 'AUD', 'Monthly',
  'Client ' || n % 100, 'A product with a name of a usual length', now(), now()
FROM generate_series(1, $2::int) AS n
"""


async def test_there_is_no_cap(api: Api, database: Database) -> None:
    await database.as_owner(MANY, api.organisation_id, 30_000)
    rows = await exported(api)
    assert len({row["source_id"] for row in rows}) == 30_000


class Reader:
    """A caller by ASGI who takes as much as a test lets it, and may hang up."""

    def __init__(self, api: Api, url: str) -> None:
        self.api = api
        self.url = url
        self.chunks: list[bytes] = []
        self.status = 0
        self.more = asyncio.Event()
        self.left = asyncio.Event()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self.chunks.append(message.get("body", b""))
        await self.more.wait()

    async def read(self) -> None:
        token = self.api.mint.person(self.api.organisation_id, role="Viewer")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": self.url,
            "raw_path": self.url.encode(),
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {token}".encode())],
            "server": ("api.test", 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        await self.api.app(scope, self.receive, self.send)


async def copying(database: Database) -> bool:
    """Whether a transaction holds the table; what others' sessions do, nobody is told."""
    rows = await database.as_owner(
        "SELECT 1 FROM pg_locks WHERE relation = 'subscriptions'::regclass AND granted "
        "AND pid <> pg_backend_pid()"
    )
    return bool(rows)


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - PostgreSQL tells nobody
            await asyncio.sleep(0.02)


@each_format
async def test_a_reader_who_leaves_ends_the_query_and_frees_its_connection(
    api: Api, database: Database, process: Process, url: str
) -> None:
    await database.as_owner(MANY, api.organisation_id, 60_000)
    pool: Any = process.engine.pool
    for _ in range(7):  # more often than there are connections
        reader = Reader(api, url)
        reading = asyncio.create_task(reader.read())

        async def begun(reader: Reader = reader) -> bool:
            return bool(reader.chunks)

        await until(begun)
        assert reader.status == 200
        assert pool.checkedout() == 1
        reader.left.set()
        await asyncio.wait_for(reading, 20)
        assert pool.checkedout() == 0

    async def is_over() -> bool:
        return not await copying(database)

    await until(is_over)
    assert len(await exported(api, "q=sub-59999")) == 1


async def test_a_slow_reader_holds_back_the_query_not_the_rows_in_memory(
    api: Api, database: Database
) -> None:
    await database.as_owner(MANY, api.organisation_id, 60_000)
    reader = Reader(api, URL)
    reading = asyncio.create_task(reader.read())

    async def begun() -> bool:
        return bool(reader.chunks)

    await until(begun)
    assert await copying(database)
    assert sum(map(len, reader.chunks)) < 1_000_000
    reader.more.set()
    await asyncio.wait_for(reading, 30)
    body = b"".join(reader.chunks)
    assert body.count(b"\r\n") == 60_001
    assert max(map(len, reader.chunks)) < 1_000_000


@each_format
async def test_no_request_transaction_is_open_beside_the_file(
    api: Api, database: Database, process: Process, url: str
) -> None:
    await database.as_owner(MANY, api.organisation_id, 60_000)
    pool: Any = process.engine.pool
    reader = Reader(api, url)
    reading = asyncio.create_task(reader.read())

    async def begun() -> bool:
        return bool(reader.chunks)

    await until(begun)
    assert pool.checkedout() == 1
    reader.more.set()
    await reading


class Discarding(Reader):
    """Takes everything and keeps nothing of it."""

    def __init__(self, api: Api, url: str) -> None:
        super().__init__(api, url)
        self.size = 0

    async def send(self, message: Message) -> None:
        self.size += len(message.get("body", b""))


ROWS = int(os.environ.get("EXPORT_ROWS", "40000"))
"""A million are exported by `EXPORT_ROWS=1000000 make test ARGS="-k constant_memory"`."""


@each_format
async def test_ten_times_the_rows_are_written_in_constant_memory(
    api: Api, database: Database, url: str, figure: Figure
) -> None:
    peaks = []
    for rows in (ROWS // 10, ROWS, ROWS):
        if len(peaks) < 2:
            await database.as_owner("DELETE FROM subscriptions")
            await database.as_owner(MANY, api.organisation_id, rows)
        reader = Discarding(api, url)
        tracemalloc.start()
        await reader.read()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # What else the process did meanwhile only adds to a peak.
    few, many = (round(peak / 1_000_000, 1) for peak in (peaks[0], min(peaks[1:])))
    assert many < few + 2
    figure(
        f"25: {url.rpartition('.')[2]} of {ROWS:,} rows, {reader.size / 1_000_000:.1f} MB, at a "
        f"peak of {many} MB of memory; {few} MB for a tenth of them"
    )
