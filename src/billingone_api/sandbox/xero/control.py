"""The control door of Xero: consent, tokens, limits, changes of the books, webhooks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from billingone_api.sandbox.orders import order, orders, refusal
from billingone_api.sandbox.wire import Record, json_response
from billingone_api.sandbox.xero.changes import KINDS, Event
from billingone_api.sandbox.xero.limits import XeroLimits
from billingone_api.sandbox.xero.room import Xero
from billingone_api.sandbox.xero.tenants import Tenant
from billingone_api.sandbox.xero.wire import exactly

_WHAT: Final[Mapping[str, str]] = {
    "/consent": '{"refuse": true, "tenants": ["…"], "person": "…"}: what the browser says next',
    "/tokens/expire": "every access token has just expired",
    "/tokens/forget": "no refresh token is good any more: invalid_grant",
    "/scopes/withhold": '{"scopes": ["…"]}: 401 for what they allowed',
    "/disconnect": '{"tenant": "…"}: the tenant leaves inside Xero: 403',
    "/apps": '{"client_id": "…", "redirect_uri": "…", "broad": true}',
    "/limits": '{"minute": 10, "day": null, …}; {"lifted": true}; {} for the usual ones, afresh',
    "/limits/use": '{"client_id": "…", "tenant": "…", "requests": 4990}: of today',
    "/manners": '{"tenant": "…", "high_volume": true, "deleted_hidden": …, "silent_payments": …}',
    "/mutate": '[{"do": "add | change | pay | delete_payment | void | touch", "tenant": "…", …}]',
    "/webhooks/intend": '{"url": "…"}: the intent to receive, signed well and badly',
    "/webhooks/send": '{"url": "…", "times": 2, "signed": true, "events": [{"category": …}]}',
}


class XeroControl:
    """`GET /` says how things are; each verb is a POST that answers 204 or what came of it."""

    def __init__(self, xero: Xero) -> None:
        self._xero = xero
        handlers: Mapping[str, Callable[[Record], Any]] = {
            "/consent": self.consent,
            "/tokens/expire": lambda _: xero.grants.expire(),
            "/tokens/forget": lambda _: xero.grants.forget(),
            "/scopes/withhold": lambda asked: xero.grants.withhold(frozenset(asked["scopes"])),
            "/disconnect": self.disconnect,
            "/apps": self.apps,
            "/limits": self.limits,
            "/limits/use": self.use,
            "/manners": self.manners,
        }
        self.app = Starlette(
            routes=[
                Route("/", self.state, methods=["GET"]),
                *(Route(path, _once(do), methods=["POST"]) for path, do in handlers.items()),
                Route("/mutate", self.mutate, methods=["POST"]),
                Route("/webhooks/intend", self.intend, methods=["POST"]),
                Route("/webhooks/send", self.send, methods=["POST"]),
            ],
            exception_handlers={HTTPException: refusal},
        )

    async def state(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        xero = self._xero
        tenants = [{"id": one.id, "name": one.name, "kind": one.kind} for one in xero.tenants]
        return json_response(
            {
                "tenants": tenants,
                "connections": [one.record() for one in xero.connections],
                "tokens": xero.grants.counts,
                "requests": xero.entrance.asked,
                "limits": asdict(xero.limiter.limits),
                "limits_hit": xero.limiter.refused,
                "most_at_a_time": xero.crowd.most,
                "events_waiting": len(xero.changes.events),
                "verbs": _WHAT,
            }
        )

    def consent(self, asked: Record) -> None:
        consent = self._xero.consent
        consent.refused = bool(asked.get("refuse", False))
        consent.person = asked.get("person", consent.person)
        if "tenants" in asked:
            consent.tenants = [self._xero.tenant(str(key)) for key in asked["tenants"]]

    def disconnect(self, asked: Record) -> None:
        self._xero.connections.leave(self._xero.tenant(asked.get("tenant")).id)

    def apps(self, asked: Record) -> None:
        app = self._xero.apps[asked["client_id"]]
        app.broad = bool(asked.get("broad", app.broad))
        if "redirect_uri" in asked:
            app.redirect_uris.append(str(asked["redirect_uri"]))

    def limits(self, asked: Record) -> None:
        limiter = self._xero.limiter
        given = dict(asked)
        usual = XeroLimits.lifted() if given.pop("lifted", False) else self._xero.settings.limits
        if not all(value is None or isinstance(value, int) for value in given.values()):
            raise TypeError("a limit is a whole number or null")
        limiter.limits = replace(usual, **given)
        limiter.start_afresh()

    def use(self, asked: Record) -> None:
        app = asked.get("client_id", next(iter(self._xero.apps)))
        tenant = self._xero.tenant(asked.get("tenant"))
        self._xero.limiter.use_up(app, tenant.id, int(asked["requests"]))

    def manners(self, asked: Record) -> None:
        wanted = {name: bool(value) for name, value in asked.items() if name != "tenant"}
        tenant = self._xero.tenant(asked.get("tenant"))
        tenant.manners = replace(tenant.manners, **wanted)

    async def mutate(self, request: Request) -> Response:
        """Changes in order: `{"do": "pay", "id": …, "amount": "55.00"}`."""
        done = [_tried(self._mutate, change) for change in await orders(request)]
        return json_response({"ids": done})

    async def intend(self, request: Request) -> Response:
        answers = await self._xero.webhooks.intend(_url(await order(request)))
        return json_response({"answers": [one.record() for one in answers]})

    async def send(self, request: Request) -> Response:
        """What has happened since the last time, or the events that are given."""
        asked = await order(request)
        changes = self._xero.changes
        given = [_tried(self._event, one) for one in asked.get("events", ())]
        events = given or changes.events
        answers = await self._xero.webhooks.tell(
            _url(asked),
            list(events),
            times=int(asked.get("times", 1)),
            signed=bool(asked.get("signed", True)),
        )
        if events is changes.events:
            changes.events = []
        return json_response({"answers": [one.record() for one in answers]})

    def _event(self, asked: Record) -> Event:
        """One event as it is given, so that a test can tell of what is not there."""
        return Event(
            asked.get("tenant") or self._xero.organisation.id,
            asked.get("category", "INVOICE"),
            str(asked["resource"]),
            asked.get("type", "UPDATE"),
            self._xero.changes.moment(),
            asked.get("data"),
        )

    def _mutate(self, change: Record) -> Any:
        act = self._acts().get(str(change.get("do")))
        if act is None:
            raise HTTPException(422, f"do: one of {', '.join(self._acts())}")
        return act(self._xero.tenant(change.get("tenant")), change)

    def _acts(self) -> Mapping[str, Callable[[Tenant, Record], Any]]:
        changes = self._xero.changes
        return {
            "add": lambda tenant, one: changes.add_invoice(tenant, **one.get("fields", {})),
            "change": self._change,
            "pay": self._pay,
            "delete_payment": lambda tenant, one: changes.delete_payment(tenant, one["id"]),
            "void": lambda tenant, one: changes.void(tenant, one["id"]),
            "touch": lambda tenant, one: changes.touch(tenant, int(one.get("count", 1))),
        }

    def _change(self, tenant: Tenant, one: Record) -> str:
        if one["kind"] == "organisation":
            tenant.facts |= one["fields"]
            return tenant.id
        return self._xero.changes.change(tenant, KINDS[one["kind"]], one["id"], **one["fields"])

    def _pay(self, tenant: Tenant, one: Record) -> str:
        amount = exactly(one["amount"]) if "amount" in one else None
        day = date.fromisoformat(one["date"]) if "date" in one else None
        return self._xero.changes.pay(tenant, one["id"], amount=amount, day=day)


def _once(do: Callable[[Record], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def done(request: Request) -> Response:
        _tried(do, await order(request))
        return Response(status_code=204)

    return done


def _tried(do: Callable[[Record], Any], asked: Record) -> Any:
    try:
        return do(asked)
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise HTTPException(422, f"cannot do that: {error!r}") from error


def _url(asked: Record) -> str:
    if not isinstance(asked.get("url"), str):
        raise HTTPException(422, "url: where the webhook is")
    return str(asked["url"])
