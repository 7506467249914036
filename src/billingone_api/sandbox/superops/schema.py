"""SuperOps' schema, executable: lenient where the server is, and poorer where a control says so."""

from functools import cache
from importlib.resources import files
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)

SDL: Final = files(__package__).joinpath("schema.graphql").read_text(encoding="utf-8")


@cache
def schema(without: frozenset[str] = frozenset()) -> GraphQLSchema:
    """`without` are fields, as `Asset.platformCategory`, that this account's server lacks."""
    built = build_schema(SDL, assume_valid=True)
    status = built.type_map["InvoiceStatus"]
    if isinstance(status, GraphQLEnumType):
        # The real server may learn words that its documentation does not have.
        status.coerce_output_value = _as_it_is  # type: ignore[assignment,method-assign] # see above
    for path in without:
        _fields_of(built, path).pop(path.partition(".")[2])
    return built


def check_field(path: str) -> None:
    """ValueError where there is no such field."""
    if path.partition(".")[2] not in _fields_of(schema(), path):
        raise ValueError(f"the schema has no field {path!r}")


def _fields_of(built: GraphQLSchema, path: str) -> dict[str, Any]:
    owner = built.type_map.get(path.partition(".")[0])
    return owner.fields if isinstance(owner, GraphQLObjectType) else {}


def _as_it_is(value: Any) -> Any:
    return value
