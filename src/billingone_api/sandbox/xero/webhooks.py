"""Xero's webhooks: signed bodies, the intent to receive, repeats; sent when they are asked for."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import new
from time import perf_counter
from typing import Any, Final

from httpx import AsyncClient, HTTPError

from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.wire import Record, encode
from billingone_api.sandbox.xero.changes import Event
from billingone_api.sandbox.xero.wire import as_text

SIGNING_KEY: Final = "zYxW9876543210exampleSigningKey=="

_API: Final = "https://api.xero.com/api.xro/2.0"
_COLLECTIONS: Final = {"INVOICE": "Invoices", "CONTACT": "Contacts", "CREDITNOTE": "CreditNotes"}
_PATIENCE_IN_SECONDS: Final = 5.0
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_INTENT: Final = (
    '{{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "{entropy}"}}'
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What the receiver said; status 0 where it said nothing in five seconds."""

    signed: bool
    status: int
    seconds: float
    body: str
    cookies: bool

    @property
    def as_xero_wants_it(self) -> bool:
        """200 for what is signed, 401 for what is not, no body and no cookies."""
        wanted = 200 if self.signed else 401
        return self.status == wanted and not self.body and not self.cookies

    def record(self) -> Record:
        return {
            "signed": self.signed,
            "status": self.status,
            "seconds": round(self.seconds, 4),
            "accepted": self.as_xero_wants_it,
        }


def signature(key: str, body: bytes) -> str:
    return b64encode(new(key.encode(), body, sha256).digest()).decode()


class Webhooks:
    """Posts to the one address an app has; `key` signs the raw bytes."""

    def __init__(self, *, ids: Identifiers, key: str = SIGNING_KEY) -> None:
        self._ids = ids
        self.key = key
        self._sent = 0
        self._sequence = 0

    async def intend(self, url: str) -> list[Answered]:
        """The intent to receive, four times: signed well, badly, badly, well."""
        bodies = [_INTENT.format(entropy=self._entropy()).encode() for _ in range(4)]
        pairs = zip(bodies, (True, False, False, True), strict=True)
        return [await self._post(url, body, signed=signed) for body, signed in pairs]

    async def tell(
        self, url: str, events: Sequence[Event], *, times: int = 1, signed: bool = True
    ) -> list[Answered]:
        """One body with these events, as often as wanted: each time the very same bytes."""
        body = self.body(events)
        return [await self._post(url, body, signed=signed) for _ in range(times)]

    def body(self, events: Sequence[Event]) -> bytes:
        first = self._sequence + 1
        self._sequence += len(events)
        return encode(
            {
                "events": [_written(event) for event in events],
                "firstEventSequence": first,
                "lastEventSequence": self._sequence,
                "entropy": self._entropy(),
            }
        )

    async def _post(self, url: str, body: bytes, *, signed: bool) -> Answered:
        key = self.key if signed else f"{self.key}, guessed"
        headers = {"Content-Type": "application/json", "x-xero-signature": signature(key, body)}
        began = perf_counter()
        async with AsyncClient(timeout=_PATIENCE_IN_SECONDS) as http:
            try:
                answer = await http.post(url, content=body, headers=headers)
            except HTTPError:
                return Answered(signed, 0, perf_counter() - began, "", cookies=False)
        spent = perf_counter() - began
        cookies = "set-cookie" in answer.headers
        return Answered(signed, answer.status_code, spent, answer.text, cookies=cookies)

    def _entropy(self) -> str:
        """Twenty letters, others each time."""
        self._sent += 1
        digits = self._ids("xero-entropy", self._sent).replace("-", "")
        return "".join(_LETTERS[int(digit, 16)] for digit in digits[:20])


def _written(event: Event) -> Record:
    record: dict[str, Any] = {
        "resourceUrl": f"{_API}/{_COLLECTIONS[event.category]}/{event.resource}",
        "resourceId": event.resource,
        "tenantId": event.tenant,
        "tenantType": "ORGANISATION",
        "eventCategory": event.category,
        "eventType": event.type,
        "eventDateUtc": f"{as_text(event.at)[:-1]}.{event.at % 1000:03d}",
    }
    return record if event.data is None else record | {"data": event.data}
