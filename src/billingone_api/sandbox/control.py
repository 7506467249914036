"""The practice ground's own door: faults, revoked credentials and changes, by HTTP."""

from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from billingone_api.sandbox.credentials import Credentials
from billingone_api.sandbox.faults import Faults, UnknownFault
from billingone_api.sandbox.orders import order, orders, refusal
from billingone_api.sandbox.portfolio import Portfolio
from billingone_api.sandbox.wire import Record, json_response

_RULE_FIELDS: Final[Mapping[str, type | UnionType]] = {
    "fault": str,
    "provider": str,
    "method": str,
    "path": str,
    "after": int,
    "times": int | None,
}


class Control:
    """Scripts the bad day: `/faults`, `/pax8/revoke`, `/pax8/restore`, `/pax8/mutate`."""

    def __init__(self, portfolio: Portfolio, *, faults: Faults, credentials: Credentials) -> None:
        self._portfolio = portfolio
        self._faults = faults
        self._credentials = credentials
        self.app = Starlette(
            routes=[
                Route("/faults", self.list_faults, methods=["GET"]),
                Route("/faults", self.add_faults, methods=["POST"]),
                Route("/faults", self.clear_faults, methods=["DELETE"]),
                Route("/pax8/revoke", self.revoke, methods=["POST"]),
                Route("/pax8/restore", self.restore, methods=["POST"]),
                Route("/pax8/mutate", self.mutate, methods=["POST"]),
            ],
            exception_handlers={HTTPException: refusal},
        )

    async def list_faults(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        return self._rules()

    async def add_faults(self, request: Request) -> Response:
        """One rule or a list: `{"fault": "429", "path": "/v1/subscriptions", "times": 2}`."""
        for rule in await orders(request):
            if not _is_rule(rule):
                raise HTTPException(422, f"a rule has {', '.join(_RULE_FIELDS)}")
            try:
                self._faults.add(**rule)
            except UnknownFault as error:
                raise HTTPException(422, str(error)) from error
        return self._rules(status=201)

    async def clear_faults(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        self._faults.clear()
        return Response(status_code=204)

    async def revoke(self, request: Request) -> Response:
        """All tokens of Pax8, and the credentials with them unless `{"tokens_only": true}`."""
        asked = await order(request)
        if asked.get("tokens_only") is True:
            self._credentials.revoke_tokens()
        else:
            self._credentials.revoke()
        return Response(status_code=204)

    async def restore(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        self._credentials.restore()
        return Response(status_code=204)

    async def mutate(self, request: Request) -> Response:
        """Changes in order: `{"do": "change", "kind": "subscription", "id": …, "fields": {…}}`."""
        ids = [self._mutate(change) for change in await orders(request)]
        return json_response({"ids": ids})

    def _mutate(self, change: Mapping[str, Any]) -> str | None:
        if change.get("do") == "shift":
            self._portfolio.shift()
            return None
        act = self._actions().get((change.get("do"), change.get("kind")))
        if act is None:
            raise HTTPException(
                422, "do: add, change, remove or shift; kind: subscription, company"
            )
        try:
            return act(change.get("id"), change.get("fields") or {})
        except (KeyError, TypeError) as error:
            raise HTTPException(422, f"cannot do that: {error}") from error

    def _actions(self) -> Mapping[tuple[Any, Any], Callable[[Any, Record], str]]:
        portfolio = self._portfolio

        def changed(change: Callable[..., None]) -> Callable[[Any, Record], str]:
            def act(key: Any, fields: Record) -> str:
                change(key, **fields)
                return str(key)

            return act

        return {
            ("add", "subscription"): lambda _, fields: portfolio.add_subscription(**fields),
            ("add", "company"): lambda _, fields: portfolio.add_company(**fields),
            ("change", "subscription"): changed(portfolio.change_subscription),
            ("change", "company"): changed(portfolio.change_company),
            ("remove", "subscription"): changed(portfolio.remove_subscription),
            ("remove", "company"): changed(portfolio.remove_company),
        }

    def _rules(self, *, status: int = 200) -> Response:
        rules = [rule.as_record() for rule in self._faults.rules]
        return json_response({"rules": rules}, status=status)


def _is_rule(rule: Record) -> bool:
    return "fault" in rule and all(
        name in _RULE_FIELDS and isinstance(value, _RULE_FIELDS[name])
        for name, value in rule.items()
    )
