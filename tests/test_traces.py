"""One trace from the request through the worker to the third party, and nothing in it to hide."""

import json
from collections.abc import Iterator
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_span_id, format_trace_id
from structlog.testing import capture_logs
from tests.support.databases import Database
from tests.support.figures import Figure
from tests.support.people import SECRET
from tests.support.town import town
from tests.support.waiting import until

from billingone_api.kit import tracing

ASKED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FACTS = {
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "server.address",
    "error.type",
    "organisation",
    "run",
    "schedule",
    "step",
}


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.trace_with(provider)
    yield exporter
    tracing.trace_with(None)


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return format_trace_id(span.context.trace_id)


def parent_of(span: ReadableSpan) -> str | None:
    return None if span.parent is None else format_span_id(span.parent.span_id)


def id_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return format_span_id(span.context.span_id)


async def test_one_trace_from_the_request_through_the_worker_to_the_third_party(
    database: Database, organisation_id: UUID, exporter: InMemorySpanExporter, figure: Figure
) -> None:
    async with town(database, organisation_id) as here:
        await here.connect()
        exporter.clear()
        ended = await here.sync(traceparent=ASKED)
        # The run has ended for whoever asks before the worker has done with it, and may be stopped.
        await until(lambda: "sync" in {span.name for span in exporter.get_finished_spans()})
    assert ended["status"] in {"succeeded", "partial"}
    spans = [span for span in exporter.get_finished_spans() if trace_of(span) in ASKED]
    by_id = {id_of(span): span for span in spans}
    (request,) = [span for span in spans if span.name == "POST /v1/syncs"]
    (work,) = [span for span in spans if span.name == "sync"]
    assert parent_of(request) == "b7ad6b7169203331"
    assert parent_of(work) == id_of(request)
    assert dict(work.attributes or {}) == {
        "organisation": str(organisation_id),
        "run": ended["runs"][0]["id"],
    }
    calls = [span for span in spans if span.name.endswith("sandbox.test")]
    batches = [span for span in spans if span.name == "batch"]
    assert {parent_of(span) for span in [*calls, *batches]} <= by_id.keys()
    assert len(calls) >= 3
    assert len(batches) >= 2
    figure(
        f"28: one trace of {len(spans)} spans: request, run, {len(batches)} batches, "
        f"{len(calls)} calls to Pax8"
    )


async def test_spans_hold_neither_queries_nor_secrets(
    database: Database, organisation_id: UUID, exporter: InMemorySpanExporter
) -> None:
    async with town(database, organisation_id) as here:
        await here.connect()
        await here.sync()
        token = here.api.mint.person(organisation_id)
        await here.api.finance.get("/v1/syncs?q=planted-query&ticket=planted-ticket")
        await here.api.finance.get("/v1/nowhere/planted-path?ticket=planted-ticket")
        secret = here.sandbox.settings.client_secret
    spans = exporter.get_finished_spans()
    assert {name for span in spans for name in span.attributes or {}} <= FACTS
    told = json.dumps([span.to_json() for span in spans])
    for planted in ("planted", secret, SECRET, token, token.split(".")[2], "page="):
        assert planted not in told


async def test_a_line_in_the_log_names_the_trace_and_who_is_served(
    database: Database, organisation_id: UUID, exporter: InMemorySpanExporter
) -> None:
    from structlog.contextvars import merge_contextvars

    from billingone_api.kit.logging import with_trace

    with capture_logs(processors=[merge_contextvars, with_trace]) as lines:
        async with town(database, organisation_id) as here:
            await here.connect()
            await here.sync(**{"traceparent": ASKED, "X-Request-Id": "the-request"})
    (asked,) = [
        line
        for line in lines
        if line.get("request_id") == "the-request" and line["event"] == "request"
    ]
    assert (asked["organisation"], asked["user"]) == (str(organisation_id), "person-1")
    (ended,) = [line for line in lines if line["event"] == "run_ended"]
    assert (ended["organisation"], bool(ended["run"])) == (str(organisation_id), True)
    assert asked["trace_id"] == ended["trace_id"] == ASKED.split("-")[1]
