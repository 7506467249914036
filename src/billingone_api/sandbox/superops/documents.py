"""Reads what callers send and checks it against the schema, complaining as graphql-java does."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    parse,
    validate,
)

from billingone_api.sandbox.superops.schema import schema
from billingone_api.sandbox.wire import Record

# What graphql-core says, and the name and words that graphql-java has for it.
_JAVA: Final[tuple[tuple[re.Pattern[str], str, Callable[[re.Match[str]], str]], ...]] = (
    (
        re.compile(r"Cannot query field '(\w+)' on type '(\w+)'"),
        "FieldUndefined",
        lambda said: f"Field '{said[1]}' in type '{said[2]}' is undefined",
    ),
    (
        re.compile(r"Field '(\w+)' must not have a selection since type '([^']+)'"),
        "SubSelectionNotAllowed",
        lambda said: f"Sub selection not allowed on leaf type '{said[2]}' of field '{said[1]}'",
    ),
    (
        re.compile(r"Field '(\w+)' of type '([^']+)' must have a selection"),
        "SubSelectionRequired",
        lambda said: f"Sub selection required for type '{said[2]}' of field '{said[1]}'",
    ),
    (
        re.compile(r"Variable '\$\w+' of type '([^']+)' used in position expecting type '([^']+)'"),
        "VariableTypeMismatch",
        lambda said: f"Variable type '{said[1]}' does not match expected type '{said[2]}'",
    ),
    (
        re.compile(r"Argument '\w+\.\w+\((\w+):\)' of type"),
        "MissingFieldArgument",
        lambda said: f"Missing field argument '{said[1]}'",
    ),
)


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read: its tree, the fields of its operations, and what is wrong.

    `schema` is the one it was checked against.
    """

    schema: GraphQLSchema
    tree: DocumentNode | None
    operations: tuple[str, ...]
    complaints: tuple[Record, ...]


@lru_cache(maxsize=256)
def read(text: str, without: frozenset[str]) -> Document:
    """Remembered, since callers send the same few."""
    known = schema(without)
    try:
        tree = parse(text)
    except GraphQLError as error:
        complaint = _complaint("InvalidSyntax", f"Invalid syntax: {error}")
        return Document(known, None, (), (complaint,))
    complaints = tuple(_in_java(tree, error) for error in validate(known, tree))
    return Document(known, tree, _operations(tree), complaints)


def unusable(error: GraphQLError) -> Record:
    """A variable that does not fit its type."""
    return _complaint("ValidationError", f"{error.message}", error)


def _operations(tree: DocumentNode) -> tuple[str, ...]:
    return tuple(
        node.name.value
        for operation in tree.definitions
        if isinstance(operation, OperationDefinitionNode)
        for node in operation.selection_set.selections
        if isinstance(node, FieldNode)
    )


def _in_java(tree: DocumentNode, error: GraphQLError) -> Record:
    for pattern, name, words in _JAVA:
        said = pattern.search(error.message)
        if said:
            where = "/".join(_path(tree, error))
            message = f"Validation error ({name}@[{where}]) : {words(said)}"
            return _complaint("ValidationError", message, error)
    return _complaint("ValidationError", f"Validation error : {error.message}", error)


def _complaint(classification: str, message: str, error: GraphQLError | None = None) -> Record:
    where = [one.formatted for one in error.locations or ()] if error else []
    extensions = {"classification": classification}
    return {"message": message, "locations": where, "extensions": extensions}


def _path(tree: Node, error: GraphQLError) -> list[str]:
    """The fields down to the one that is wrong; those around a variable that is."""
    meant = error.nodes[-1] if error.nodes else None
    return _down_to(tree, meant, []) or []


def _down_to(node: Node, meant: Node | None, path: list[str]) -> list[str] | None:
    if isinstance(node, FieldNode):
        path = [*path, node.name.value]
    if node is meant:
        return path
    for name in node.keys:
        below = getattr(node, name)
        for one in below if isinstance(below, (list, tuple)) else (below,):
            found = _down_to(one, meant, path) if isinstance(one, Node) else None
            if found is not None:
                return found
    return None
