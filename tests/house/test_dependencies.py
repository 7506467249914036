"""What a request pays for before its handler runs."""

import inspect
from collections.abc import Iterator
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from billingone_api.config import Settings
from billingone_api.main import create_app


def everything_below(dependant: Dependant) -> Iterator[Dependant]:
    for inner in dependant.dependencies:
        yield inner
        yield from everything_below(inner)


def is_awaited(call: Any) -> bool:
    return any(
        kind(form)
        for kind in (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
        for form in (call, getattr(call, "__call__", None))  # noqa: B004 - a guard is an instance
    )


def test_no_dependency_takes_a_thread() -> None:
    """FastAPI runs a plain function in a pool of threads, which costs a list more than its SQL."""
    plain = set()
    for context in iter_route_contexts(create_app(Settings.model_construct()).routes):
        if isinstance(context.original_route, APIRoute):
            below = everything_below(context.original_route.dependant)
            plain |= {str(inner.call) for inner in below if not is_awaited(inner.call)}
    assert plain == set()
