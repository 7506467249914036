"""Asks PanelOne for an organisation's counts and takes each one for ours, or sets it aside."""

import asyncio
import re
from typing import Final
from uuid import UUID

from billingone_api.billing.counts.models import (
    METRIC,
    MOST,
    SOURCE,
    SUPEROPS,
    Count,
    CountKey,
    Found,
)
from billingone_api.billing.syncs.models import Unreadable
from billingone_api.kit.cipher import Secret
from billingone_api.process import Process
from billingone_api.providers.errors import ProviderError, ProviderUnavailable
from billingone_api.providers.panelone.client import PANELONE, PanelOneClient, PanelOneEndpoints
from billingone_api.providers.panelone.payloads import CountRecord
from billingone_api.providers.records import Reject, excerpt

SECONDS: Final = 60.0
"""How long counting anew may take, and then all pages of counts together: a snapshot waits."""
MOST_COUNTS: Final = 100_000
"""Ten of each of ten thousand clients, which a worker can hold at once; more is a mistake."""
_MOST_PAGES: Final = 500
_METRIC: Final = re.compile(METRIC)
_SOURCE: Final = re.compile(SOURCE)


class PanelOneCounts:
    """PanelOne's counts of one organisation; raises ProviderErrors."""

    def __init__(
        self,
        client: PanelOneClient,
        organisation_id: UUID,
        *,
        seconds: float = SECONDS,
        most: int = MOST_COUNTS,
    ) -> None:
        self._client = client
        self._of = str(organisation_id)
        self._seconds = seconds
        self._most = most

    async def found(self) -> Found:
        """The newest of all of them, whether or not they could be counted anew; or none.

        Half a list is not told from one that shrank.
        """
        not_fresh = await self._not_fresh()
        try:
            async with asyncio.timeout(self._seconds):
                counts, aside = await self._read()
        except TimeoutError as error:
            sentence = (
                f"PanelOne had not told all of its counts after {self._seconds:g} seconds, so that "
                "none of them is used; try again later."
            )
            raise ProviderUnavailable(sentence, provider=PANELONE.key) from error
        return Found(counts, aside, not_fresh)

    async def _read(self) -> tuple[list[Count], list[Unreadable]]:
        counts: list[Count] = []
        aside: list[Unreadable] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await self._client.counts(cursor, organisation_id=self._of)
            aside += [_rejected(reject) for reject in page.rejects]
            for record in page.records:
                one = _read(record)
                if isinstance(one, Count):
                    counts.append(one)
                else:
                    aside.append(one)
            if len(counts) + len(aside) > self._most:
                raise PANELONE.malformed(f"it holds more than {self._most:,} counts")
            cursor = page.next_cursor
            if cursor is None:
                return counts, aside
        raise PANELONE.malformed(f"its counts do not end after {_MOST_PAGES} pages")

    async def _not_fresh(self) -> str | None:
        """Have it count anew; what it says instead of doing so, as a sentence."""
        try:
            async with asyncio.timeout(self._seconds):
                in_time = await self._client.refresh_counts(organisation_id=self._of)
        except TimeoutError:
            in_time = False
        except ProviderError as error:
            return error.sentence
        return None if in_time else "It takes longer than the half a minute that we wait for it."


def panelone_client(process: Process) -> PanelOneClient | None:
    """None where the operator has not said where PanelOne is."""
    settings = process.settings
    url, secret = settings.panelone_api_url, settings.panelone_client_secret
    if url is None or secret is None:
        return None
    endpoints = PanelOneEndpoints(
        url,
        settings.panelone_token_url or "",
        settings.panelone_client_id or "",
        Secret(secret.get_secret_value()),
    )
    return PanelOneClient(
        http=process.http, endpoints=endpoints, clock=process.clock, sleep=process.sleep
    )


def _read(record: CountRecord) -> Count | Unreadable:
    flaw = _flaw(record)
    if flaw is not None:
        return Unreadable(None, flaw, excerpt(record.model_dump()))
    key = CountKey(UUID(record.client_id), record.metric, record.source, record.counted_at)
    return Count(key, record.count, record.excluded)


def _flaw(record: CountRecord) -> str | None:
    if not _is_uuid(record.client_id):
        return "/client_id: It is the id of no client."
    if _METRIC.fullmatch(record.metric) is None:
        return "/metric: It is not a word of small letters."
    if _SOURCE.fullmatch(record.source) is None:
        return "/source: It is not a word of small letters."
    if record.source == SUPEROPS:
        return "/source: What SuperOps lists is counted here."
    if max(record.count, record.excluded) > MOST:
        return f"/count: No client has more than {MOST:,}."
    return None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _rejected(reject: Reject) -> Unreadable:
    return Unreadable(None, reject.reason, reject.excerpt)
