"""Structured logs: one line an event, with request id, organisation, user and run bound to it."""

import logging
import sys
from io import StringIO
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, ExcInfo

from billingone_api.kit.secrecy import struck
from billingone_api.kit.tracing import trace_id


def with_trace(_: Any, __: str, event: EventDict) -> EventDict:
    """Where something is traced, a line can be found from its trace and the other way round."""
    known = trace_id()
    if known is not None:
        event["trace_id"] = known
    return event


def _struck_exception(_: Any, __: str, event: EventDict) -> EventDict:
    """An error nobody foresaw is told with all its words, but for secrets."""
    if "exception" in event:
        event["exception"] = struck(event["exception"])
    return event


def _struck_traceback(out: TextIO, error: ExcInfo) -> None:
    told = StringIO()
    structlog.dev.plain_traceback(told, error)
    out.write(struck(told.getvalue()))


def configure(*, style: str, level: str) -> None:
    """`json` for machines, `console` for people; never a body, never a secret."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        with_trace,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        # Where rich is installed, structlog's own choice prints the values of local variables.
        exception_formatter=_struck_traceback,
    )
    if style == "json":
        shared += [structlog.processors.format_exc_info, _struck_exception]
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("httpx", "httpcore", "uvicorn.access", "arq.worker"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
