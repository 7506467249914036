"""What a document takes from clients made from an older one; what it adds breaks none of them."""

from collections.abc import Iterator
from typing import Any, Final

Shape = dict[str, Any]
_METHODS: Final = ("get", "put", "post", "patch", "delete")
_SILENT: Final = frozenset(
    {"description", "title", "examples", "default", "discriminator", "writeOnly", "deprecated"}
)
_NULL: Final = {"type": "null"}
_LEAST: Final = ("minLength", "minimum", "minItems")
_MOST: Final = ("maxLength", "maximum", "maxItems")
_COMPARED: Final = frozenset(
    {"type", "enum", "const", "format", "pattern", "anyOf", "oneOf", "items", "properties"}
    | {"required", "additionalProperties", "shape above", *_LEAST, *_MOST}
)


def breaking(released: Shape, current: Shape) -> list[str]:
    """A sentence for each thing that a client of `released` has lost, naming it."""
    now = dict(_operations(current))
    found: list[str] = []
    for name, operation in _operations(released):
        lost = _operation(operation, now[name]) if name in now else ["is gone"]
        found += [f"{name}: {words}" for words in lost]
    return found


def _operations(document: Shape) -> Iterator[tuple[str, Shape]]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield f"{method.upper()} {path}", _expanded(item[method], document)


def _expanded(part: Any, document: Shape, above: tuple[str, ...] = ()) -> Any:
    """With every reference replaced by what it names; a shape inside itself by its distance."""
    if isinstance(part, list):
        return [_expanded(item, document, above) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" not in part:
        return {name: _expanded(inner, document, above) for name, inner in part.items()}
    name = part["$ref"]
    if name in above:
        return {"shape above": len(above) - above.index(name)}
    kind, key = name.split("/")[-2:]
    return _expanded(document["components"][kind][key], document, (*above, name))


def _operation(old: Shape, new: Shape) -> Iterator[str]:
    if old["operationId"] != new["operationId"]:
        yield f"{old['operationId']} is called {new['operationId']} now"
    for scheme in old.get("security", []):
        if scheme not in new.get("security", []):
            yield f"{' and '.join(scheme)} lets nobody in any more"
    yield from _parameters(_by_name(old), _by_name(new))
    yield from _body(old.get("requestBody"), new.get("requestBody"))
    for status, answer in old["responses"].items():
        if status in new["responses"]:
            yield from _answer(answer, new["responses"][status], f"the answer {status}")
        else:
            yield f"the answer {status} is gone"


def _by_name(operation: Shape) -> dict[str, Shape]:
    return {f"{at['in']} parameter {at['name']}": at for at in operation.get("parameters", [])}


def _parameters(old: dict[str, Shape], new: dict[str, Shape]) -> Iterator[str]:
    yield from (f"the {name} is gone" for name in old.keys() - new.keys())
    for name, parameter in new.items():
        before = old.get(name, {"schema": {}})
        if parameter.get("required") and not before.get("required"):
            yield f"the {name} is required now"
        if name in old:
            # Nobody can send null in an address: that it was allowed there meant nothing.
            offered = {"anyOf": [parameter["schema"], _NULL]}
            yield from narrowed(before["schema"], offered, f"the {name}", sent=True)


def _body(old: Shape | None, new: Shape | None) -> Iterator[str]:
    if new and new.get("required") and not (old and old.get("required")):
        yield "the body is required now"
    if old and not new:
        yield "the body is gone"
    if old and new:
        yield from _content(old, new, "the body", sent=True)


def _answer(old: Shape, new: Shape, here: str) -> Iterator[str]:
    for header in old.get("headers", {}).keys() - new.get("headers", {}).keys():
        yield f"{here} has no {header} any more"
    yield from _content(old, new, here, sent=False)


def _content(old: Shape, new: Shape, here: str, *, sent: bool) -> Iterator[str]:
    contents = new.get("content", {})
    for media, content in old.get("content", {}).items():
        if media in contents:
            pair = content.get("schema", {}), contents[media].get("schema", {})
            yield from narrowed(*pair, here, sent=sent)
        else:
            yield f"{here} is no {media} any more"


def narrowed(old: Shape, new: Shape, here: str, *, sent: bool) -> Iterator[str]:
    """Sent by a client, `new` has to take all that `old` took; in an answer it may hold nothing
    that `old` did not announce.
    """
    olds, news = _choices(old), _choices(new)
    if sent and _NULL in olds and _NULL not in news:
        yield f"{here} may not be null any more"
    if not sent and _NULL in news and _NULL not in olds:
        yield f"{here} may be null now"
    olds, news = ([one for one in choices if one != _NULL] for choices in (olds, news))
    if len(olds) == len(news) == 1:
        yield from _one(olds[0], news[0], here, sent=sent)
        return
    for one in olds if sent else news:
        pairs = [(one, new) for new in news] if sent else [(old, one) for old in olds]
        if all(any(_one(*pair, here, sent=sent)) for pair in pairs):
            told = sorted(one.get("properties", ())) or one.get("type")
            yield f"{here} {'may not be' if sent else 'may now be'} {told}"


def _choices(shape: Shape) -> list[Shape]:
    """The shapes that it may have."""
    inner = shape.get("anyOf") or shape.get("oneOf")
    if inner:
        return [one for choice in inner for one in _choices(choice)]
    return [{"type": "null"}] if shape.get("type") == "null" else [shape]


def _one(old: Shape, new: Shape, here: str, *, sent: bool) -> Iterator[str]:
    if unknown := (old.keys() | new.keys()) - _SILENT - _COMPARED:
        raise ValueError(f"{here}: {unknown} cannot be compared yet; teach it to this module.")
    inner, outer = (old, new) if sent else (new, old)
    for word in ("type", "format", "pattern", "shape above"):
        if word in outer and outer[word] != inner.get(word):
            yield f"{here} has the {word} {new.get(word)}, not {old.get(word)}"
    yield from _values(old, new, here, sent=sent)
    if sent:
        yield from _bounds(old, new, here)
    yield from _fields(old, new, here, sent=sent)
    if "items" in old and "items" in new:
        yield from narrowed(old["items"], new["items"], f"{here}[]", sent=sent)


def _values(old: Shape, new: Shape, here: str, *, sent: bool) -> Iterator[str]:
    """A value more is an addition: whoever decides by values has a branch for the others."""
    olds, news = (shape.get("enum", [shape.get("const")]) for shape in (old, new))
    is_open = None in news
    if None in olds:
        if sent and not is_open:
            yield f"{here} has to be one of {news} now"
    elif is_open and not sent:
        yield f"{here} may be anything now, not one of {olds}"
    elif not is_open:
        yield from (f"{here} has no {value} any more" for value in olds if value not in news)


def _bounds(old: Shape, new: Shape, here: str) -> Iterator[str]:
    for word in (*_LEAST, *_MOST):
        way = 1 if word in _LEAST else -1
        if word in new and (word not in old or way * new[word] > way * old[word]):
            yield f"{here} has a {word} of {new[word]} now"
    if old.get("default") != new.get("default"):
        yield f"{here} is {new.get('default')} where it is not given, not {old.get('default')}"


def _fields(old: Shape, new: Shape, here: str, *, sent: bool) -> Iterator[str]:
    olds, news = old.get("properties", {}), new.get("properties", {})
    musts, must = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(must - musts if sent else musts - must):
        if sent or name in news:
            yield f"{here}.{name} {'is required now' if sent else 'may be missing now'}"
    for name, shape in olds.items():
        if name in news:
            yield from narrowed(shape, news[name], f"{here}.{name}", sent=sent)
        else:
            yield f"{here}.{name} is gone"
    yield from _others(old, new, here, sent=sent)


def _others(old: Shape, new: Shape, here: str, *, sent: bool) -> Iterator[str]:
    before, after = (shape.get("additionalProperties", True) for shape in (old, new))
    if isinstance(before, dict) and isinstance(after, dict):
        yield from narrowed(before, after, f"{here}.*", sent=sent)
    elif sent and after is False and before is not False:
        yield f"{here} takes no other fields any more"
