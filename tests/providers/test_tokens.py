import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import NOW, SetClock

from billingone_api.kit.cipher import Secret
from billingone_api.providers.errors import CredentialsRejected, ProviderUnavailable
from billingone_api.providers.tokens import (
    MemoryTokenStore,
    StoredToken,
    TokenKeeper,
    read_token,
)


@dataclass
class Mint:
    """Sells numbered tokens that are good for ten minutes, each after a turn of the loop."""

    clock: SetClock
    failures: list[Exception] = field(default_factory=list)
    sold: int = 0
    asked: int = 0

    async def fetch(self) -> StoredToken:
        self.asked += 1
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        self.sold += 1
        return token(f"token-{self.sold}", self.clock, minutes=10)


def token(text: str, clock: SetClock, *, minutes: float) -> StoredToken:
    return StoredToken(Secret(text), clock.now() + timedelta(minutes=minutes))


def text_of(found: StoredToken) -> str:
    return found.access_token.reveal()


@pytest.fixture
def mint(clock: SetClock) -> Mint:
    return Mint(clock)


@pytest.fixture
def store() -> MemoryTokenStore:
    return MemoryTokenStore()


@pytest.fixture
def keepers(mint: Mint, store: MemoryTokenStore, clock: SetClock) -> Iterator[TokenKeeper]:
    """As many processes as are asked for, with one store."""

    def processes() -> Iterator[TokenKeeper]:
        while True:
            yield TokenKeeper(source=mint, store=store, clock=clock)

    return processes()


async def test_many_callers_share_one_fetch(keepers: Iterator[TokenKeeper], mint: Mint) -> None:
    first, second = next(keepers), next(keepers)
    asking = [keeper.current() for keeper in (first, second) for _ in range(25)]
    found = await asyncio.gather(*asking)
    assert {text_of(one) for one in found} == {"token-1"}
    assert mint.asked == 1


async def test_a_stored_token_is_used_and_none_fetched(mint: Mint, clock: SetClock) -> None:
    store = MemoryTokenStore(token("kept", clock, minutes=1))
    keeper = TokenKeeper(source=mint, store=store, clock=clock)
    assert text_of(await keeper.current()) == "kept"
    assert mint.asked == 0


async def test_a_token_is_used_until_its_instant_and_not_from_it_on(
    keepers: Iterator[TokenKeeper], clock: SetClock
) -> None:
    keeper = next(keepers)
    await keeper.current()
    clock.move(minutes=9, seconds=59)
    assert text_of(await keeper.current()) == "token-1"
    clock.move(seconds=1)
    assert text_of(await keeper.current()) == "token-2"


async def test_a_refused_token_is_replaced_once_for_all(
    keepers: Iterator[TokenKeeper], mint: Mint
) -> None:
    first, second = next(keepers), next(keepers)
    refused = await first.current()
    await second.current()
    replacing = [keeper.replace(refused) for keeper in (first, second) for _ in range(25)]
    found = await asyncio.gather(*replacing)
    assert {text_of(one) for one in found} == {"token-2"}
    assert mint.asked == 2
    assert text_of(await first.current()) == text_of(await second.current()) == "token-2"


async def test_a_refused_token_is_known_again_though_its_end_was_rounded(
    keepers: Iterator[TokenKeeper], store: MemoryTokenStore
) -> None:
    keeper = next(keepers)
    refused = await keeper.current()
    await store.save(StoredToken(refused.access_token, refused.expires_at + timedelta(seconds=1)))
    assert text_of(await keeper.replace(refused)) == "token-2"


async def test_a_token_that_somebody_else_replaced_is_not_fetched_again(
    keepers: Iterator[TokenKeeper], mint: Mint, store: MemoryTokenStore, clock: SetClock
) -> None:
    keeper = next(keepers)
    refused = await keeper.current()
    await store.save(token("theirs", clock, minutes=5))
    assert text_of(await keeper.replace(refused)) == "theirs"
    assert mint.asked == 1


async def test_a_refused_token_is_gone_though_no_other_can_be_had(
    keepers: Iterator[TokenKeeper], mint: Mint, store: MemoryTokenStore
) -> None:
    keeper = next(keepers)
    refused = await keeper.current()
    mint.failures = [CredentialsRejected("no", provider="x")]
    with pytest.raises(CredentialsRejected):
        await keeper.replace(refused)
    assert await store.load() is None
    assert text_of(await keeper.current()) == "token-2"


async def test_a_failed_fetch_leaves_the_way_free_for_the_next(
    keepers: Iterator[TokenKeeper], mint: Mint, store: MemoryTokenStore
) -> None:
    keeper = next(keepers)
    mint.failures = [ProviderUnavailable("away", provider="x")]
    with pytest.raises(ProviderUnavailable):
        await keeper.current()
    assert await store.load() is None
    assert text_of(await keeper.current()) == "token-1"


async def test_a_caller_who_leaves_in_the_middle_leaves_the_way_free(
    keepers: Iterator[TokenKeeper],
) -> None:
    keeper = next(keepers)
    leaving = asyncio.ensure_future(keeper.current())
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert text_of(await keeper.current()) == "token-1"


async def test_a_forgotten_token_is_nowhere(
    keepers: Iterator[TokenKeeper], store: MemoryTokenStore
) -> None:
    keeper = next(keepers)
    await keeper.current()
    await keeper.forget()
    assert await store.load() is None
    assert text_of(await keeper.current()) == "token-2"


@pytest.mark.parametrize(
    ("expires_in", "used_for"),
    [
        (86400, timedelta(hours=23)),
        (Decimal("86400.0"), timedelta(hours=23)),
        ("86400", timedelta(hours=23)),
        (36000, timedelta(hours=9)),
        (3600, timedelta(minutes=54)),
        (600, timedelta(minutes=9)),
        (10, timedelta(seconds=9)),
        (10**12, timedelta(hours=23)),
        (Decimal("1E+9999999"), timedelta(hours=23)),
        ("9" * 5000, timedelta(hours=23)),
        (None, timedelta(minutes=54)),
        (0, timedelta(minutes=54)),
        (-5, timedelta(minutes=54)),
        (True, timedelta(minutes=54)),
        ("soon", timedelta(minutes=54)),
        ("-5", timedelta(minutes=54)),
        ("", timedelta(minutes=54)),
        ("²", timedelta(minutes=54)),
        ([], timedelta(minutes=54)),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_token_is_used_for_less_than_its_life(expires_in: Any, used_for: timedelta) -> None:
    found = read_token({"access_token": "eyJ.e30.s", "expires_in": expires_in}, now=NOW)
    assert found == StoredToken(Secret("eyJ.e30.s"), NOW + used_for)


def test_a_token_that_names_no_life_is_used_for_most_of_an_hour() -> None:
    found = read_token({"access_token": "a", "token_type": "Bearer"}, now=NOW)
    assert found is not None
    assert found.expires_at == NOW + timedelta(minutes=54)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "eyJ",
        [],
        [{"access_token": "a"}],
        {},
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": ["a"]},
        {"access_token": "a b"},
        {"access_token": "a\r\nX-Evil: 1"},
        {"access_token": "a\n"},
        {"access_token": "é"},
        {"access_token": "\x00"},
        {"access_token": "\ud800"},
        {"access_token": "a" * 16_385},
        {"accessToken": "a"},
    ],
    ids=lambda answer: ascii(answer)[:30],
)
def test_what_cannot_stand_in_a_header_is_no_token(answer: object) -> None:
    assert read_token(answer, now=NOW) is None


@given(st.text(), st.none() | st.integers() | st.text() | st.decimals(allow_nan=False))
def test_no_answer_breaks_the_reading(access_token: str, expires_in: object) -> None:
    found = read_token({"access_token": access_token, "expires_in": expires_in}, now=NOW)
    if found is not None:
        assert NOW <= found.expires_at <= NOW + timedelta(hours=23)


def test_a_token_shows_itself_to_nobody() -> None:
    found = read_token({"access_token": "planted-7f3a"}, now=NOW)
    assert "planted" not in f"{found} {found!r}"
