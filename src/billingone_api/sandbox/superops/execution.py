"""Executes a document that was read, and writes what came of it in SuperOps' manner."""

from collections.abc import Mapping
from typing import Any

from graphql import ExecutionResult, execute_sync
from starlette.responses import Response

from billingone_api.sandbox.superops import refusals
from billingone_api.sandbox.superops.documents import Document, unusable
from billingone_api.sandbox.superops.operations import Operations, field_of
from billingone_api.sandbox.superops.refusals import ClientError
from billingone_api.sandbox.wire import Record, decode, json_response


def asked_for(body: bytes) -> Record | None:
    """The query with its variables; None where the body holds none."""
    try:
        asked = decode(body)
    except ValueError:
        return None
    known = isinstance(asked, dict) and isinstance(asked.get("query"), str)
    fitting = known and isinstance(asked.get("variables") or {}, dict)
    return asked if fitting else None


def answer(
    operations: Operations, document: Document, asked: Record, *, unwritable: frozenset[str]
) -> Response:
    if document.tree is None or document.complaints:
        return json_response({"errors": list(document.complaints), "data": None})
    result = execute_sync(
        document.schema,
        document.tree,
        root_value=operations,
        context_value=unwritable,
        variable_values=asked.get("variables"),
        operation_name=asked.get("operationName"),
        field_resolver=field_of,
    )
    return _written(result, document, counts_as_text=operations.account.manners.counts_as_text)


def _written(result: ExecutionResult, document: Document, *, counts_as_text: bool) -> Response:
    """A refused operation says nothing else; what cannot be written takes its page with it."""
    causes = [error.original_error for error in result.errors or ()]
    refused = next((cause for cause in causes if isinstance(cause, ClientError)), None)
    if refused is not None:
        if refused.code == "forbidden":
            return refusals.documented(refused)
        errors = [{"message": None, "extensions": refused.extensions()}]
        return json_response({"errors": errors, "data": result.data})
    unused = [unusable(error) for error in result.errors or () if error.path is None]
    if unused:
        return json_response({"errors": unused, "data": None})
    if result.errors:
        return refusals.blown_up(document.operations)
    if counts_as_text:
        _count_in_text(result.data or {})
    return json_response({"data": result.data})


def _count_in_text(data: Mapping[str, Any]) -> None:
    for answer in data.values():
        listed = answer.get("listInfo") if isinstance(answer, dict) else None
        if listed and "totalCount" in listed:
            listed["totalCount"] = str(listed["totalCount"])
