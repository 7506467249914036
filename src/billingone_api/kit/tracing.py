"""Traces through API, worker and calls to third parties; nothing happens unless somebody collects.

Spans carry names, methods, hosts and statuses: no query, no body, no header, and of an error its
kind alone, as its words may repeat what was sent.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeAlias

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT: Final = "traceparent"
"""What names a trace and a span to whoever goes on with it (W3C Trace Context)."""

Facts: TypeAlias = Mapping[str, str | int]

_W3C: Final = TraceContextTextMapPropagator()
_NAMESPACE: Final = "billingone_api"
# Not OpenTelemetry's global one: FastAPI would take that up, with the query strings of requests.
_tracers: list[Tracer] = []


def trace_with(provider: TracerProvider | None) -> None:
    """From now on spans go to this provider; None ends that."""
    _tracers[:] = [] if provider is None else [provider.get_tracer(_NAMESPACE)]


@contextmanager
def exported(*, service: str, is_wanted: bool) -> Iterator[None]:
    """Export meanwhile to where OpenTelemetry's own variables say, over OTLP and HTTP."""
    if not is_wanted:
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider as SdkProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = SdkProvider(resource=Resource.create({SERVICE_NAME: service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace_with(provider)
    try:
        yield
    finally:
        trace_with(None)
        provider.shutdown()


@contextmanager
def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: str | None = None,
    facts: Facts | None = None,
) -> Iterator[Span]:
    """Something that takes time, below the present span, or below the one that `parent` names."""
    if not _tracers:
        yield trace.INVALID_SPAN
        return
    made = _tracers[0].start_span(name, context=_below(parent), kind=kind, attributes=facts)
    with trace.use_span(
        made, end_on_exit=True, record_exception=False, set_status_on_exception=False
    ):
        try:
            yield made
        except BaseException as error:
            made.set_attribute("error.type", type(error).__name__)
            made.set_status(StatusCode.ERROR)
            raise


def carried() -> str | None:
    """The present span, for whoever goes on with its trace in another process."""
    if not _tracers:
        return None
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get(TRACEPARENT)


def trace_id() -> str | None:
    """In the words of logs; None where nothing is traced."""
    here = trace.get_current_span().get_span_context()
    return trace.format_trace_id(here.trace_id) if here.is_valid else None


def _below(parent: str | None) -> contexts.Context | None:
    return None if parent is None else _W3C.extract({TRACEPARENT: parent})
