"""The control door of SuperOps: records, broken answers, fields, tokens, limits, manners."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from billingone_api.sandbox.orders import order, orders, refusal
from billingone_api.sandbox.superops.accounts import LIMIT_MANNERS, Manners
from billingone_api.sandbox.superops.mishaps import Mishap
from billingone_api.sandbox.superops.room import Superops
from billingone_api.sandbox.superops.schema import check_field
from billingone_api.sandbox.wire import Record, json_response

_WHAT: Final[Mapping[str, str]] = {
    "/mutate": '[{"do": "add | change | remove", "kind": "invoice | client | asset | association", '
    '"id": "…", "fields": {…}, "subdomain": "…"}]',
    "/break": '{"how": "forbidden | internal | no_data | …", "operation": "getInvoice", '
    '"after": 0, "times": 1}; {"mend": true}',
    "/fields": '{"undefined": ["Asset.platformCategory"], "unwritable": ["InvoiceItem.tax"]}',
    "/tokens/regenerate": '{"token": "…"}: the new one; the old one is 401',
    "/tokens/revoke": '{"token": "…"}: 401',
    "/subscription": '{"state": "active | trial_expired | paused | cancelled"}',
    "/limits": '{"minute": 100 | null}, afresh',
    "/manners": '{"order_moves": true, "counts_as_text": true, '
    '"limit": "plain | wrapped | classified | status", "subdomain": "…"}',
}
_STATES: Final = ("active", "trial_expired", "paused", "cancelled")


class SuperopsControl:
    """`GET /` says how things are; each verb is a POST."""

    def __init__(self, superops: Superops) -> None:
        self._superops = superops
        self._added = 0
        handlers: Mapping[str, Callable[[Record], Record | None]] = {
            "/break": self.break_next,
            "/fields": self.fields,
            "/tokens/regenerate": self.regenerate,
            "/tokens/revoke": self.revoke,
            "/subscription": self.subscription,
            "/limits": self.limits,
            "/manners": self.manners,
        }
        self.app = Starlette(
            routes=[
                Route("/", self.state, methods=["GET"]),
                Route("/mutate", self.mutate, methods=["POST"]),
                *(Route(path, _once(do), methods=["POST"]) for path, do in handlers.items()),
            ],
            exception_handlers={HTTPException: refusal},
        )

    async def state(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        superops = self._superops
        return json_response(
            {
                "accounts": [
                    {
                        "subdomain": one.subdomain,
                        "region": one.region,
                        "state": one.state,
                        "manners": asdict(one.manners),
                        "records": {kind: len(rows) for kind, rows in one.collections.items()},
                    }
                    for one in superops.accounts
                ],
                "tokens": {
                    token: {"subdomain": account.subdomain, "role": role.name}
                    for token, (account, role) in superops.tokens.known.items()
                },
                "requests": superops.asked,
                "limit": superops.limit,
                "broken": superops.mishaps.records(),
                "undefined": sorted(superops.undefined),
                "unwritable": sorted(superops.unwritable),
                "verbs": _WHAT,
            }
        )

    async def mutate(self, request: Request) -> Response:
        """Changes in order; what came of each, by its id."""
        done = [_tried(self._mutate, change) for change in await orders(request)]
        return json_response({"ids": done})

    def break_next(self, asked: Record) -> None:
        if asked.get("mend") is True:
            self._superops.mishaps.clear()
        else:
            self._superops.mishaps.add(Mishap(**asked))

    def fields(self, asked: Record) -> None:
        """Both lists anew: what is not named is there and can be written."""
        undefined, unwritable = (
            frozenset(asked.get(name, ())) for name in ("undefined", "unwritable")
        )
        for path in undefined | unwritable:
            check_field(path)
        self._superops.undefined, self._superops.unwritable = undefined, unwritable

    def regenerate(self, asked: Record) -> Record:
        return {"token": self._superops.tokens.regenerate(asked["token"])}

    def revoke(self, asked: Record) -> None:
        del self._superops.tokens.known[asked["token"]]

    def subscription(self, asked: Record) -> None:
        account = self._superops.account(asked.get("subdomain"))
        account.state = _one_of(_STATES, asked["state"])

    def limits(self, asked: Record) -> None:
        minute = asked["minute"]
        if minute is not None and not isinstance(minute, int):
            raise TypeError("a limit is a whole number or null")
        self._superops.lift(minute)

    def manners(self, asked: Record) -> None:
        account = self._superops.account(asked.get("subdomain"))
        wanted = {one.name: asked[one.name] for one in fields(Manners) if one.name in asked}
        _one_of(LIMIT_MANNERS, wanted.get("limit", "plain"))
        account.manners = replace(account.manners, **wanted)

    def _mutate(self, change: Record) -> str:
        account = self._superops.account(change.get("subdomain"))
        rows, given = account.collections[change["kind"]], change.get("fields", {})
        match change.get("do"):
            case "add":
                self._added += 1
                key = str(7_000_000_000_000_000_000 + self._added)
                like = rows.get(next(iter(rows)))
                return rows.put(key, like | {rows.id: key} | given)
            case "change":
                return rows.put(change["id"], rows.get(change["id"]) | given)
            case "remove":
                rows.remove(change["id"])
                return str(change["id"])
            case _:
                raise ValueError("do: add, change or remove")


def _one_of(words: tuple[str, ...], word: Any) -> str:
    if word not in words:
        raise ValueError(f"one of {', '.join(words)}")
    return str(word)


def _once(do: Callable[[Record], Record | None]) -> Callable[[Request], Awaitable[Response]]:
    async def done(request: Request) -> Response:
        answer = _tried(do, await order(request))
        return Response(status_code=204) if answer is None else json_response(answer)

    return done


def _tried(do: Callable[[Record], Any], asked: Record) -> Any:
    try:
        return do(asked)
    except (AttributeError, KeyError, StopIteration, TypeError, ValueError) as error:
        raise HTTPException(422, f"cannot do that: {error!r}") from error
