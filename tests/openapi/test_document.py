"""The committed document is what the program says, is valid, and is good to generate from."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from billingone_api.main import OPEN_ROUTES, document

FILE = Path(__file__).parents[2] / "openapi" / "openapi.json"
DOCUMENT = document()
SCHEMAS: dict[str, dict[str, Any]] = DOCUMENT["components"]["schemas"]
METHODS = ("get", "put", "post", "patch", "delete")
OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    f"{method.upper()} {path}": (path, item[method])
    for path, item in DOCUMENT["paths"].items()
    for method in METHODS
    if method in item
}

each_operation = pytest.mark.parametrize("name", OPERATIONS)
each_schema = pytest.mark.parametrize("name", SCHEMAS)


def operation(name: str) -> dict[str, Any]:
    return OPERATIONS[name][1]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """The schema and every schema inside it; examples are no schemas."""
    if isinstance(schema, list):
        for item in schema:
            yield from parts(item)
    if isinstance(schema, dict):
        yield schema
        for name, inner in schema.items():
            if name not in {"examples", "enum", "default", "const"}:
                yield from parts(inner)


def is_shown(content: dict[str, Any]) -> bool:
    return bool(content.get("examples") or resolved(content["schema"]).get("examples"))


def test_the_committed_document_is_what_the_program_says() -> None:
    """To the letter: an order that changed by itself would show up in every later difference."""
    written = json.dumps(DOCUMENT, indent=2, ensure_ascii=False) + "\n"
    is_current = FILE.read_text() == written
    assert is_current, "openapi/openapi.json has fallen behind: run `make openapi`"


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_operation_ids_are_verbs_with_nouns_and_each_is_there_once() -> None:
    ids = Counter(operation(name)["operationId"] for name in OPERATIONS)
    assert [name for name in ids if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name)] == []
    assert [name for name, times in ids.items() if times > 1] == []


@each_operation
def test_an_operation_says_in_a_line_and_in_prose_what_it_does(name: str) -> None:
    summary = operation(name)["summary"]
    assert summary[0].isupper()
    assert not summary.endswith(".")
    assert len(summary) <= 80
    assert operation(name)["description"].strip()


@each_operation
def test_an_operation_stands_under_one_tag_that_is_described(name: str) -> None:
    (tag,) = operation(name)["tags"]
    assert tag in {known["name"] for known in DOCUMENT["tags"] if known["description"]}


@each_operation
def test_an_operation_says_who_may_call_it(name: str) -> None:
    path, found = OPERATIONS[name]
    assert found.get("security", []) == ([] if path in OPEN_ROUTES else [{"PanelOne": []}])


@each_operation
def test_every_parameter_is_described(name: str) -> None:
    given = operation(name).get("parameters", [])
    assert [at["name"] for at in given if not at.get("description")] == []


@each_operation
def test_bodies_come_with_an_example(name: str) -> None:
    found = operation(name)
    contents = [found["requestBody"]["content"]] if "requestBody" in found else []
    contents += [
        response["content"]
        for status, response in found["responses"].items()
        if status.startswith("2") and "content" in response
    ]
    shapes = [content["application/json"] for content in contents if "application/json" in content]
    assert [shape for shape in shapes if not is_shown(shape)] == []


@each_operation
def test_every_error_is_a_problem(name: str) -> None:
    errors = {code: of for code, of in operation(name)["responses"].items() if int(code) >= 400}
    assert {"500", "503"} <= errors.keys()
    assert errors == {code: {"$ref": f"#/components/responses/Problem{code}"} for code in errors}


@each_operation
def test_every_answer_is_described(name: str) -> None:
    for response in operation(name)["responses"].values():
        assert "$ref" in response or len(response["description"]) > len("Done")
        assert response.get("description") != "Successful Response"


def test_problems_are_one_schema() -> None:
    for response in DOCUMENT["components"]["responses"].values():
        assert response["content"] == {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        }


@each_schema
def test_a_schema_has_a_name_a_generated_client_can_keep(name: str) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", name)
    assert not name.startswith("Body")


@each_schema
def test_no_schema_is_called_like_a_part_of_a_generated_client(name: str) -> None:
    assert name not in {"AuthenticatedClient", "Client", "File", "Response", "Unset"}
    assert not name.endswith("Out")


@each_schema
def test_a_choice_that_may_be_null_has_a_name(name: str) -> None:
    """Otherwise a client calls it SubscriptionMrrExcludedType0."""
    choices = [choice for part in parts(SCHEMAS[name]) for choice in part.get("anyOf", ())]
    assert [choice for choice in choices if len(choice.get("enum", ())) > 1] == []


@each_operation
def test_a_parameter_is_there_or_not_and_never_null(name: str) -> None:
    for parameter in operation(name).get("parameters", []):
        assert {"type": "null"} not in list(parts(parameter["schema"])), parameter["name"]


@each_schema
def test_a_schema_is_described(name: str) -> None:
    assert SCHEMAS[name].get("description", "").strip()


@each_schema
def test_an_enumeration_inside_a_schema_is_described(name: str) -> None:
    fields = SCHEMAS[name].get("properties", {})
    undescribed = [
        field
        for field, schema in fields.items()
        if any("enum" in part for part in parts(schema)) and not schema.get("description")
    ]
    assert undescribed == []


@each_schema
def test_the_examples_of_a_schema_are_what_it_asks_for(name: str) -> None:
    of = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    judge = Draft202012Validator(of, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for example in SCHEMAS[name].get("examples", []):
        judge.validate(example)


@each_schema
def test_money_has_one_shape_and_no_amount_is_a_number(name: str) -> None:
    for part in parts(SCHEMAS[name]):
        fields = part.get("properties", {})
        if {"amount", "currency"} <= fields.keys():
            assert name in {"Money", "MoneyIn"}
            assert fields["amount"]["type"] == "string"
        assert part.get("type") != "number"


def test_every_schema_is_used() -> None:
    text = json.dumps(DOCUMENT)
    assert [name for name in SCHEMAS if f'"#/components/schemas/{name}"' not in text] == []


def test_nothing_is_deeper_than_a_generator_can_name() -> None:
    """An object written in place would be called Items1 or Foo2 in a client."""
    unnamed = [
        name
        for name, schema in SCHEMAS.items()
        if any(part is not schema and part.get("properties") for part in parts(schema))
    ]
    assert unnamed == []
