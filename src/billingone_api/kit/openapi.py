"""Makes the OpenAPI document say what the program does: its errors, its codes, its security."""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from billingone_api.kit.errors import ApiError
from billingone_api.kit.problems import MEDIA_TYPE

_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})
_WORDS: Final = {
    400: "The request cannot be read.",
    401: "Nobody we know is calling: no token, or one that is not good (any more).",
    403: "The caller is known and may not.",
    404: "There is no such thing in the caller's organisation.",
    409: "The request contradicts what is there.",
    412: "Somebody changed it since it was read.",
    413: "The body is larger than we read.",
    415: "The body is not JSON.",
    422: "Some fields are not valid; `errors` points at each.",
    428: "A change has to say which version it changes, by `If-Match`.",
    429: "The caller, or their organisation, has used up a minute's requests.",
    500: "An error of ours; the request id finds it in our log.",
    502: "A third party gave no usable answer.",
    503: "Something we need is away; `Retry-After`, where it is sent, says when to try again.",
}


_DONE: Final = {
    200: "As asked for.",
    201: "Made; `Location` names it where it has an address of its own.",
    202: "Accepted: the work goes on, and `Location` says where to follow it.",
    204: "Done; there is nothing more to say.",
    304: "Nothing has changed since the version that `If-None-Match` names.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route besides those of every route, for its decorator."""
    return {status: {"description": _WORDS[status]} for status in statuses}


def finished(document: dict[str, Any]) -> dict[str, Any]:
    """The document FastAPI generated, with the errors every route can answer."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    ours = {"ErrorCode": _codes(), "Problem": _PROBLEM, "FieldProblem": _FIELD_PROBLEM}
    if taken := schemas.keys() & ours.keys():
        raise ValueError(f"These names are taken by the errors of every route: {taken}.")
    schemas |= ours
    for name, schema in schemas.items():
        _finish_schema(schema, name, schemas)
    statuses: set[int] = set()
    for path, item in document["paths"].items():
        for method in sorted(_METHODS & item.keys()):
            statuses |= _finish(item[method], path)
    document["components"]["responses"] = {
        f"Problem{status}": _response(_WORDS[status]) for status in sorted(statuses)
    }
    if too_many := document["components"]["responses"].get("Problem429"):
        too_many["headers"] = _limits()
    return _named_for_clients(document)


def _named_for_clients(document: dict[str, Any]) -> dict[str, Any]:
    """Without the `Out` by which code tells a shape of the wire from the thing it shows."""
    schemas = document["components"]["schemas"]
    names = [name.removesuffix("Out") for name in schemas]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"Without `Out`, two schemas would have one name: {twice}.")
    document["components"]["schemas"] = dict(zip(names, schemas.values(), strict=True))
    text = re.sub(r'("#/components/schemas/\w+?)Out"', r'\1"', json.dumps(document))
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def _finish_schema(schema: dict[str, Any], name: str, schemas: dict[str, Any]) -> None:
    """Without the titles that only repeat names, and with an example for pages of what has one."""
    schema.pop("title", None)
    for field in schema.get("properties", {}).values():
        field.pop("title", None)
    if "examples" in schema:
        schema["examples"] = [_with_nulls(each, schema, schemas) for each in schema["examples"]]
    items = schema.get("properties", {}).get("items", {}).get("items", {})
    if name.endswith("Page") and "$ref" in items:
        page = {"items": _shape(items, schemas).get("examples", [])[:1]}
        schema.setdefault("examples", [_with_nulls(page, schema, schemas)])


def _with_nulls(example: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """The example as it was written: FastAPI drops every null on its way into the document."""
    shape = _shape(schema, schemas)
    if isinstance(example, list):
        return [_with_nulls(item, shape.get("items", {}), schemas) for item in example]
    if not isinstance(example, dict) or "properties" not in shape:
        return example
    dropped = dict.fromkeys(name for name in shape.get("required", ()) if name not in example)
    return {
        name: _with_nulls(value, shape["properties"].get(name, {}), schemas)
        for name, value in (example | dropped).items()
    }


def _shape(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """What a value that is not null has to look like."""
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _shape(choice, schemas)
    if "$ref" in schema:
        return _shape(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    return schema


def _finish(operation: dict[str, Any], path: str) -> set[int]:
    """Gives the statuses of the errors that the operation has."""
    for parameter in operation.get("parameters", ()):
        _finish_parameter(parameter)
    responses = operation["responses"]
    for status, response in responses.items():
        if response.get("description") == "Successful Response":
            response["description"] = _DONE[int(status)]
    statuses = {int(status) for status in responses if status in map(str, _WORDS)}
    statuses |= {500, 503}
    if operation.get("security"):
        statuses |= {401, 403, 429}
    if "{" in path:
        statuses.add(404)
    if "requestBody" in operation:
        statuses |= {413, 415, 422}
    for status in sorted(statuses):
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    operation["responses"] = dict(sorted(responses.items()))
    return statuses


def _finish_parameter(parameter: dict[str, Any]) -> None:
    """Nobody can send null in an address: a parameter is there or it is not."""
    if parameter["in"] == "path":
        thing = parameter["name"].removesuffix("_id").replace("_", " ")
        parameter.setdefault("description", f"Which {thing}, by its id.")
    schema = parameter["schema"]
    for repeated in ("title", "description"):
        schema.pop(repeated, None)
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if len(choices) == 1:
        del schema["anyOf"]
        parameter["schema"] = choices[0] | schema


def _response(words: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": words, "content": {MEDIA_TYPE: {"schema": schema}}}


def _limits() -> dict[str, Any]:
    """What comes with 429, and the two fields with every good answer as well."""
    words = {
        "RateLimit-Policy": ("string", 'Such as `"principal";q=600;w=60`: so many in a minute.'),
        "RateLimit": ("string", 'Such as `"principal";r=0;t=12`: left, and seconds until more.'),
        "Retry-After": ("integer", "Seconds after which to come again."),
    }
    return {
        name: {"description": text, "schema": {"type": kind}}
        for name, (kind, text) in words.items()
    }


def _codes() -> dict[str, Any]:
    known = sorted({(error.code, error.status, error.title) for error in _family(ApiError)})
    return {
        "type": "string",
        "description": "What went wrong, for programs; a code never changes its meaning.\n\n"
        + "\n".join(f"- `{code}` ({status}): {title}." for code, status, title in known),
        "enum": sorted({code for code, _, _ in known}),
    }


def _family(kind: type[ApiError]) -> Iterator[type[ApiError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)


_FIELD_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "One thing that is wrong in a request; the value itself is not repeated.",
    "required": ["in", "pointer", "code", "detail"],
    "properties": {
        "in": {
            "type": "string",
            "enum": ["body", "query", "path", "header", "cookie"],
            "description": "Which part of the request.",
        },
        "pointer": {
            "type": "string",
            "description": "A JSON pointer (RFC 6901) into the body, or the parameter's name.",
        },
        "code": {"type": "string", "description": "What is wrong, for programs."},
        "detail": {"type": "string", "description": "What it should be, for people."},
    },
}
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "An error (RFC 9457). Programs read `code`, people read `detail`.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Names the code."},
        "title": {"type": "string", "description": "The kind of error, always the same words."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "code": {"$ref": "#/components/schemas/ErrorCode"},
        "detail": {"type": "string", "description": "What happened and what to do."},
        "request_id": {"type": "string", "description": "Finds the request in our log."},
        "errors": {
            "type": "array",
            "description": "What is wrong where; only in answers with status 422.",
            "items": {"$ref": "#/components/schemas/FieldProblem"},
        },
    },
    "examples": [
        {
            "type": "https://billingone.dev/problems/not_found",
            "title": "Not found",
            "status": HTTPStatus.NOT_FOUND.value,
            "code": "not_found",
            "detail": "There is nothing at this address.",
            "request_id": "01939f3e-5a7b-7c1d-8e2f-3a4b5c6d7e8f",
        }
    ],
}
