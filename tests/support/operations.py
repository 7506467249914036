"""Every operation of the document, with a request that its door can judge."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from billingone_api.main import document

ANY_ID = "0192f0c1-9999-7000-8000-000000000009"
USUAL = {
    "provider": "pax8",
    "source": "pax8",
    "source_id": "company-1",
    "currency": "USD",
    "valid_on": "2026-11-01",
}
JSON = "application/json"
METHODS = ("get", "put", "post", "patch", "delete")
_DOCUMENT = document()
_SCHEMAS: Mapping[str, dict[str, Any]] = _DOCUMENT["components"]["schemas"]


@dataclass(frozen=True)
class Operation:
    """One operation, and what the document says of its parameters and body."""

    id: str
    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    body: dict[str, Any] | None
    answers: dict[str, dict[str, Any]]

    @property
    def media(self) -> str:
        """What the body is: JSON, or one kind of file."""
        return JSON if self.body is None else next(iter(self.body["content"]))

    def written(self, body: Any) -> bytes | None:
        """As it is sent: a file is text as it stands."""
        if body is None:
            return None
        is_file = self.media != JSON
        return str(body).encode(errors="surrogatepass") if is_file else encoded(body)

    def example(self) -> Any:
        """The document's own example of a body; None for an operation without one."""
        if self.body is None:
            return None
        content = self.body["content"][self.media]
        if self.media != JSON:
            return content["example"]
        shown = content.get("examples") or resolved(content["schema"])["examples"]
        return shown[0] if isinstance(shown, list) else next(iter(shown.values()))["value"]

    def properties(self) -> dict[str, Any]:
        """The members of the body and their schemas."""
        if self.body is None:
            return {}
        schema = resolved(self.body["content"][self.media]["schema"])
        found: dict[str, Any] = schema.get("properties", {})
        return found

    def fields(self) -> list[str]:
        return list(self.properties())

    def named(self, place: str) -> list[str]:
        return [at["name"] for at in self.parameters if at["in"] == place]

    def places(self, organisation_id: UUID) -> dict[str, str]:
        """A value for each parameter of the path; ids are well formed and nobody's."""
        known = USUAL | {"organisation_id": str(organisation_id)}
        return {name: known.get(name, ANY_ID) for name in self.named("path")}

    def url(self, values: Mapping[str, str]) -> str:
        """The path with values in it; those that are percent-encoded already stay as they are."""
        url = self.path
        for name in self.named("path"):
            url = url.replace(f"{{{name}}}", quote(values[name], safe="%"))
        return url


def operations() -> Iterator[Operation]:
    for path, item in _DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                found = item[method]
                yield Operation(
                    found["operationId"],
                    method.upper(),
                    path,
                    tuple(found.get("parameters", ())),
                    found.get("requestBody"),
                    found["responses"],
                )


OPERATIONS = {operation.id: operation for operation in operations()}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return _SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def encoded(body: Any) -> bytes:
    """As JSON, lone surrogates and NaN included."""
    return json.dumps(body).encode()
