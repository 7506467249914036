"""How often and how many at a time an app may ask a tenant (contract, 3.4)."""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from billingone_api.kit.clock import Clock

_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)
_ACCOUNTING: Final = "/api.xro/"


@dataclass(slots=True)
class XeroLimits:
    """Requests that one app may have in flight, a minute and a day with one tenant.

    `app_minute` is for all tenants together. None lifts a limit, whose header then is not sent.
    """

    concurrent: int | None = 5
    minute: int | None = 60
    day: int | None = 5000
    app_minute: int | None = 10_000

    @classmethod
    def lifted(cls) -> "XeroLimits":
        return cls(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Exceeded:
    """Which limit says no, and for how long."""

    problem: str
    seconds: int

    def response(self) -> Response:
        """A 429 with an empty body: Xero does not say what stands in it."""
        headers = {"Retry-After": str(self.seconds), "X-Rate-Limit-Problem": self.problem}
        return Response(status_code=429, headers=headers)


class _Window:
    """The requests of the last minute or day."""

    def __init__(self, span: timedelta) -> None:
        self._span = span
        self._recent: deque[datetime] = deque()

    def used(self, now: datetime) -> int:
        while self._recent and now - self._recent[0] >= self._span:
            self._recent.popleft()
        return len(self._recent)

    def note(self, now: datetime) -> None:
        self._recent.append(now)

    def frees_in(self, now: datetime) -> int:
        oldest = self._recent[0] if self._recent else now
        return max(1, ceil((oldest + self._span - now).total_seconds()))


class Limiter:
    """Counts what each app asks; every answer says what remains."""

    def __init__(self, limits: XeroLimits, *, clock: Clock) -> None:
        self.limits = limits
        self.refused: Counter[str] = Counter()
        self._clock = clock
        self._minutes: defaultdict[tuple[str, str], _Window] = defaultdict(lambda: _Window(_MINUTE))
        self._days: defaultdict[tuple[str, str], _Window] = defaultdict(lambda: _Window(_DAY))
        self._apps: defaultdict[str, _Window] = defaultdict(lambda: _Window(_MINUTE))

    def exceeded(self, app: str, tenant: str) -> Exceeded | None:
        """Counts one request, or says which limit is used up; a refused one does not count."""
        now = self._clock.now()
        windows = self._windows(app, tenant)
        for problem, (window, limit) in windows.items():
            if limit is not None and window.used(now) >= limit:
                self.refused[problem] += 1
                return Exceeded(problem, window.frees_in(now))
        for window, limit in windows.values():
            if limit is not None:
                window.note(now)
        return None

    def headers(self, app: str, tenant: str) -> dict[str, str]:
        now = self._clock.now()
        names = {"day": "X-DayLimit", "minute": "X-MinLimit", "appminute": "X-AppMinLimit"}
        return {
            f"{names[problem]}-Remaining": str(max(0, limit - window.used(now)))
            for problem, (window, limit) in self._windows(app, tenant).items()
            if limit is not None
        }

    def use_up(self, app: str, tenant: str, requests: int) -> None:
        """So many requests of today are gone, as if made a moment ago."""
        for _ in range(requests):
            self._days[app, tenant].note(self._clock.now())

    def start_afresh(self) -> None:
        self._minutes.clear()
        self._days.clear()
        self._apps.clear()

    def _windows(self, app: str, tenant: str) -> Mapping[str, tuple[_Window, int | None]]:
        return {
            "day": (self._days[app, tenant], self.limits.day),
            "minute": (self._minutes[app, tenant], self.limits.minute),
            "appminute": (self._apps[app], self.limits.app_minute),
        }


class Crowd:
    """Stands outside the gate, where an answer that takes its time is still in flight."""

    def __init__(self, app: ASGIApp, limiter: Limiter) -> None:
        self._app = app
        self._limiter = limiter
        self._inside: Counter[str] = Counter()
        self.most = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _ACCOUNTING not in scope["path"]:
            await self._app(scope, receive, send)
            return
        tenant = Headers(scope=scope).get("xero-tenant-id", "")
        limit = self._limiter.limits.concurrent
        if limit is not None and self._inside[tenant] >= limit:
            self._limiter.refused["concurrent"] += 1
            await Exceeded("concurrent", 1).response()(scope, receive, send)
            return
        await self._enter(tenant, scope, receive, send)

    async def _enter(self, tenant: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._inside[tenant] += 1
        self.most = max(self.most, self._inside[tenant])
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside[tenant] -= 1
