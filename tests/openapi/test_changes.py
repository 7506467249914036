"""Nothing that a client of the last release relies on is taken from it."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.openapi.changes import breaking
from tests.support.figures import Figure

from billingone_api.main import document

RELEASED = Path(__file__).parents[2] / "openapi" / "released.json"
ID = {"type": "string", "format": "uuid"}
PLAIN: dict[str, Any] = {
    "paths": {
        "/clients": {
            "get": {
                "operationId": "list_clients",
                "security": [{"PanelOne": []}],
                "parameters": [
                    {"name": "sort", "in": "query", "schema": {"enum": ["name", "mrr"]}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 200}},
                    {"name": "q", "in": "query", "schema": {"type": "string", "maxLength": 200}},
                ],
                "responses": {
                    "200": {
                        "headers": {"ETag": {}},
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "array",
                                    "items": {"$ref": "#/components/schemas/Client"},
                                }
                            }
                        },
                    },
                    "304": {},
                },
            },
            "post": {
                "operationId": "create_client",
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/NewClient"}}
                    }
                },
                "responses": {"201": {}},
            },
        },
    },
    "components": {
        "schemas": {
            "Client": {
                "type": "object",
                "required": ["id", "status"],
                "properties": {
                    "id": ID,
                    "status": {"enum": ["active", "retired"]},
                    "name": {"type": "string"},
                    "mrr": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "parent": {"$ref": "#/components/schemas/Client"},
                },
            },
            "NewClient": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 500},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "kind": {"enum": ["msp", "client"], "default": "client"},
                    "owner": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                },
            },
        }
    },
}
Mutation = Callable[[Any], object]


def clients(of: Any) -> Any:
    return of["paths"]["/clients"]["get"]


def answer(of: Any) -> Any:
    return clients(of)["responses"]["200"]


def given(of: Any) -> Any:
    return of["components"]["schemas"]["Client"]["properties"]


def body(of: Any) -> Any:
    return of["paths"]["/clients"]["post"]["requestBody"]


def asked(of: Any) -> Any:
    return of["components"]["schemas"]["NewClient"]


def renamed(of: Any) -> None:
    of["components"]["schemas"]["Customer"] = of["components"]["schemas"].pop("Client")
    of.update(json.loads(json.dumps(of).replace("schemas/Client", "schemas/Customer")))


GET, POST = "GET /clients: ", "POST /clients: "
BREAKS: dict[str, tuple[Mutation, str]] = {
    "operation": (lambda of: of["paths"]["/clients"].pop("get"), f"{GET}is gone"),
    "path": (
        lambda of: of["paths"].update({"/v2/clients": of["paths"].pop("/clients")}),
        f"{GET}is gone",
    ),
    "operation id": (
        lambda of: clients(of).update(operationId="get_clients"),
        f"{GET}list_clients is called get_clients now",
    ),
    "security": (
        lambda of: clients(of).update(security=[{"ApiKey": []}]),
        f"{GET}PanelOne lets nobody in any more",
    ),
    "status": (lambda of: clients(of)["responses"].pop("304"), f"{GET}the answer 304 is gone"),
    "header": (lambda of: answer(of).pop("headers"), f"{GET}the answer 200 has no ETag any more"),
    "media type": (
        lambda of: answer(of).update(content={"text/csv": {}}),
        f"{GET}the answer 200 is no application/json any more",
    ),
    "parameter": (
        lambda of: clients(of)["parameters"].pop(1),
        f"{GET}the query parameter limit is gone",
    ),
    "parameter required": (
        lambda of: clients(of)["parameters"][2].update(required=True),
        f"{GET}the query parameter q is required now",
    ),
    "new parameter required": (
        lambda of: clients(of)["parameters"].append(
            {"name": "on", "in": "query", "required": True, "schema": {}}
        ),
        f"{GET}the query parameter on is required now",
    ),
    "parameter's value": (
        lambda of: clients(of)["parameters"][0]["schema"]["enum"].remove("mrr"),
        f"{GET}the query parameter sort has no mrr any more",
    ),
    "parameter's bound": (
        lambda of: clients(of)["parameters"][1]["schema"].update(maximum=100),
        f"{GET}the query parameter limit has a maximum of 100 now",
    ),
    "parameter's type": (
        lambda of: clients(of)["parameters"][2]["schema"].update(type="integer"),
        f"{GET}the query parameter q has the type integer, not string",
    ),
    "field": (lambda of: given(of).pop("name"), f"{GET}the answer 200[].name is gone"),
    "field may be missing": (
        lambda of: of["components"]["schemas"]["Client"]["required"].remove("id"),
        f"{GET}the answer 200[].id may be missing now",
    ),
    "field may be null": (
        lambda of: given(of).update(id={"anyOf": [ID, {"type": "null"}]}),
        f"{GET}the answer 200[].id may be null now",
    ),
    "field's type": (
        lambda of: given(of).update(mrr={"anyOf": [{"type": "number"}, {"type": "null"}]}),
        f"{GET}the answer 200[].mrr has the type number, not string",
    ),
    "field's format": (
        lambda of: given(of).update(id={"type": "string"}),
        f"{GET}the answer 200[].id has the format None, not uuid",
    ),
    "field's value": (
        lambda of: given(of)["status"]["enum"].remove("retired"),
        f"{GET}the answer 200[].status has no retired any more",
    ),
    "field's values": (
        lambda of: given(of).update(status={"type": "string"}),
        f"{GET}the answer 200[].status may be anything now, not one of ['active', 'retired']",
    ),
    "field's choice": (
        lambda of: given(of)["mrr"]["anyOf"].append({"type": "object", "properties": {"a": {}}}),
        f"{GET}the answer 200[].mrr may now be ['a']",
    ),
    "field inside itself": (
        lambda of: given(of).update(parent=ID),
        f"{GET}the answer 200[].parent has the shape above None, not 1",
    ),
    "body": (
        lambda of: of["paths"]["/clients"]["post"].pop("requestBody"),
        f"{POST}the body is gone",
    ),
    "body required": (
        lambda of: body(of).update(required=True),
        f"{POST}the body is required now",
    ),
    "body's media type": (
        lambda of: body(of).update(content={"application/xml": {}}),
        f"{POST}the body is no application/json any more",
    ),
    "field required": (
        lambda of: asked(of)["required"].append("kind"),
        f"{POST}the body.kind is required now",
    ),
    "new field required": (
        lambda of: asked(of).update(
            required=["name", "abn"], properties=asked(of)["properties"] | {"abn": {}}
        ),
        f"{POST}the body.abn is required now",
    ),
    "field refused": (
        lambda of: asked(of)["properties"].pop("kind"),
        f"{POST}the body.kind is gone",
    ),
    "field not null": (
        lambda of: asked(of)["properties"].update(note={"type": "string"}),
        f"{POST}the body.note may not be null any more",
    ),
    "field's choice refused": (
        lambda of: asked(of)["properties"].update(
            owner={"anyOf": [{"type": "string"}, {"type": "boolean"}]}
        ),
        f"{POST}the body.owner may not be integer",
    ),
    "field's bound": (
        lambda of: asked(of)["properties"]["name"].update(maxLength=100),
        f"{POST}the body.name has a maxLength of 100 now",
    ),
    "field's new bound": (
        lambda of: asked(of)["properties"]["name"].update(minLength=1),
        f"{POST}the body.name has a minLength of 1 now",
    ),
    "field's new pattern": (
        lambda of: asked(of)["properties"]["name"].update(pattern="^[a-z]$"),
        f"{POST}the body.name has the pattern ^[a-z]$, not None",
    ),
    "field's new values": (
        lambda of: asked(of)["properties"]["name"].update(enum=["Bluegum"]),
        f"{POST}the body.name has to be one of ['Bluegum'] now",
    ),
    "field's default": (
        lambda of: asked(of)["properties"]["kind"].update(default="msp"),
        f"{POST}the body.kind is msp where it is not given, not client",
    ),
}
ADDITIONS: dict[str, Mutation] = {
    "nothing": copy.copy,
    "operation": lambda of: of["paths"].update(
        {"/me": {"get": {"operationId": "get_me", "responses": {}}}}
    ),
    "security": lambda of: clients(of)["security"].append({"ApiKey": []}),
    "status": lambda of: clients(of)["responses"].update({"429": {}}),
    "header": lambda of: answer(of)["headers"].update(Link={}),
    "media type": lambda of: answer(of)["content"].update({"text/csv": {}}),
    "parameter": lambda of: clients(of)["parameters"].append(
        {"name": "on", "in": "query", "schema": {}}
    ),
    "parameter's value": lambda of: clients(of)["parameters"][0]["schema"]["enum"].append("age"),
    "parameter's bound": lambda of: clients(of)["parameters"][1]["schema"].update(maximum=500),
    "field": lambda of: given(of).update(abn={"type": "string"}),
    "field never null": lambda of: given(of).update(mrr={"type": "string"}),
    "field always there": lambda of: of["components"]["schemas"]["Client"]["required"].append(
        "mrr"
    ),
    "field's value": lambda of: given(of)["status"]["enum"].append("paused"),
    "body's field": lambda of: asked(of)["properties"].update(abn={"type": "string"}),
    "body's field optional": lambda of: asked(of).update(required=[]),
    "body's field null": lambda of: asked(of)["properties"].update(
        name={"anyOf": [{"type": "string", "maxLength": 500}, {"type": "null"}]}
    ),
    "body's field without bound": lambda of: asked(of)["properties"].update(
        name={"type": "string"}
    ),
    "body's choice": lambda of: asked(of)["properties"]["owner"]["anyOf"].append(
        {"type": "boolean"}
    ),
    "shape's name": renamed,
    "words": lambda of: given(of)["name"].update(description="What people call it."),
}


def mutated(mutation: Mutation) -> dict[str, Any]:
    made = copy.deepcopy(PLAIN)
    mutation(made)
    return made


@pytest.mark.parametrize("name", BREAKS)
def test_what_breaks_a_client_is_told_in_words(name: str) -> None:
    mutation, words = BREAKS[name]
    assert words in breaking(PLAIN, mutated(mutation))


@pytest.mark.parametrize("name", ADDITIONS)
def test_an_addition_breaks_nobody(name: str) -> None:
    assert breaking(PLAIN, mutated(ADDITIONS[name])) == []


def test_what_the_comparison_does_not_know_is_no_silent_pass() -> None:
    unknown = mutated(lambda of: given(of)["name"].update(contentEncoding="base64"))
    with pytest.raises(ValueError, match="contentEncoding"):
        breaking(PLAIN, unknown)


def test_the_last_release_s_clients_still_work(figure: Figure) -> None:
    """Where it is meant all the same: a line in CHANGELOG.md, a new version, `make released`."""
    released = json.loads(RELEASED.read_text())
    assert breaking(released, document()) == []
    count = sum(len(item) for item in released["paths"].values())
    figure(
        f"27: {count} released operations compared, no breaking change; {len(BREAKS)} kinds told"
    )
