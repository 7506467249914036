import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import INVALID_SPAN, StatusCode

from billingone_api.kit import tracing


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.trace_with(provider)
    yield exporter
    tracing.trace_with(None)


class Collector(BaseHTTPRequestHandler):
    """What an operator runs: takes spans over OTLP and HTTP, and keeps them."""

    received: ClassVar[list[tuple[str, ExportTraceServiceRequest]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.received.append((self.path, ExportTraceServiceRequest.FromString(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing to stderr."""


def test_spans_arrive_where_the_operator_collects_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        with (
            tracing.exported(service="billingone-api", is_wanted=True),
            tracing.span("outer"),
            tracing.span("inner", facts={"step": 1}),
        ):
            pass
        server.shutdown()
    (path, told), *more = Collector.received
    assert (path, more) == ("/v1/traces", [])
    (resource,) = told.resource_spans
    names = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert names["service.name"] == "billingone-api"
    inner, outer = resource.scope_spans[0].spans
    assert (inner.name, outer.name) == ("inner", "outer")
    assert inner.parent_span_id == outer.span_id


def test_nothing_is_made_where_nobody_collects() -> None:
    with tracing.span("request") as span:
        assert span is INVALID_SPAN
        assert tracing.carried() is None
        assert tracing.trace_id() is None


def test_a_span_is_below_the_present_one_and_can_be_carried_elsewhere(
    exporter: InMemorySpanExporter,
) -> None:
    with tracing.span("outer"):
        carried = tracing.carried()
        with tracing.span("inner", facts={"step": 1}):
            here = tracing.trace_id()
    with tracing.span("elsewhere", parent=carried):
        assert tracing.trace_id() == here
    inner, outer, elsewhere = exporter.get_finished_spans()
    assert inner.parent is not None
    assert elsewhere.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == elsewhere.parent.span_id == outer.context.span_id
    assert dict(inner.attributes or {}) == {"step": 1}


def test_of_an_error_its_kind_alone_is_told(exporter: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="planted"), tracing.span("request"):
        raise ValueError("planted-7f3a")
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert dict(span.attributes or {}) == {"error.type": "ValueError"}
    assert "planted" not in span.to_json()


@pytest.mark.parametrize("nonsense", ["", "00-zz", "x" * 10_000, "00-" + "0" * 32 + "-1-01"])
def test_a_parent_that_makes_no_sense_is_none(
    exporter: InMemorySpanExporter, nonsense: str
) -> None:
    with tracing.span("request", parent=nonsense):
        pass
    (span,) = exporter.get_finished_spans()
    assert span.parent is None


def test_the_sdk_is_not_even_loaded_where_nobody_collects() -> None:
    script = (
        "import sys\n"
        "import billingone_api.main, billingone_api.worker\n"
        "from billingone_api.kit import tracing\n"
        "with tracing.exported(service='x', is_wanted=False), tracing.span('y'): pass\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')"
        " or name.startswith('opentelemetry.exporter')])"
    )
    ran = subprocess.run(  # noqa: S603 - this very interpreter, with a script written here
        [sys.executable, "-c", script],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env=dict(os.environ),
    )
    assert ran.stdout.strip() == "[]"
