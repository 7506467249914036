"""Reads one third party's API with its bearer token; what goes wrong leaves as ProviderErrors."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import quote

from billingone_api.kit.clock import Clock
from billingone_api.kit.http.calls import JsonCalls, Query
from billingone_api.kit.http.errors import (
    HttpError,
    HttpGarbled,
    HttpOversized,
    HttpRateLimited,
    HttpRefused,
    HttpUnavailable,
)
from billingone_api.providers.errors import (
    CredentialsRejected,
    MalformedAnswer,
    PermissionDenied,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
    RecordNotFound,
)
from billingone_api.providers.tokens import StoredToken, read_token

_NO_SEGMENT: Final = frozenset({"", ".", ".."})
_NO_TOKEN_FOR_YOU: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
)


@dataclass(frozen=True, slots=True)
class Provider:
    """A third party: the word our code and tables use, the one people use, and what may help."""

    key: str
    name: str
    renew: str
    """What to do when its credentials are refused, as a sentence."""
    permit: str
    """What to do when they may not read something, as a sentence."""

    def rejected(self) -> CredentialsRejected:
        sentence = f"{self.name} does not accept the credentials. {self.renew}"
        return CredentialsRejected(sentence, provider=self.key)

    def malformed(self, what: str) -> MalformedAnswer:
        sentence = f"{self.name} gave an answer that cannot be used: {what}."
        return MalformedAnswer(sentence, provider=self.key)

    def not_found(self) -> RecordNotFound:
        return RecordNotFound(f"{self.name} has no such record.", provider=self.key)

    def segment(self, part: str) -> str:
        """One segment of a path, whatever is in it; RecordNotFound for what can be none."""
        # Dots are never encoded, so that an id of two dots would climb; an empty one lists.
        if part in _NO_SEGMENT:
            raise self.not_found()
        try:
            return quote(part, safe="")
        except UnicodeEncodeError:
            raise self.not_found() from None

    def translated(self, error: HttpError) -> ProviderError:
        match error:
            case HttpRateLimited():
                sentence = f"{self.name} asks us to slow down; it goes on by itself in a while."
                return ProviderRateLimited(
                    sentence, provider=self.key, retry_after=error.retry_after
                )
            case HttpGarbled():
                return self.malformed("it is not the JSON asked for")
            case HttpOversized():
                return self.malformed("it is longer than we read")
            case HttpUnavailable():
                sentence = f"{self.name} does not answer at the moment; try again later."
                return ProviderUnavailable(
                    sentence, provider=self.key, retry_after=error.retry_after
                )
            case HttpRefused():
                return self._refused(error.status)
            case _:
                return self.malformed("it is of no known kind")

    def is_stale(self, error: HttpRefused) -> bool:
        """Whether another token may be let in where this one was not."""
        return error.status == HTTPStatus.UNAUTHORIZED

    def _refused(self, status: int) -> ProviderError:
        match status:
            case HTTPStatus.UNAUTHORIZED:
                return self.rejected()
            case HTTPStatus.FORBIDDEN:
                sentence = f"{self.name} does not let us read this. {self.permit}"
                return PermissionDenied(sentence, provider=self.key)
            case HTTPStatus.NOT_FOUND:
                return self.not_found()
            case _:
                return self.malformed(f"it refuses a request it documents (HTTP {status})")


class AccessTokens(Protocol):
    """Where a call finds its token; raises ProviderErrors."""

    async def current(self) -> StoredToken:
        """One that is fresh."""
        ...

    async def replace(self, refused: StoredToken) -> StoredToken:
        """Another than the one that was refused."""
        ...

    async def forget(self) -> None:
        """The token at hand was refused, and so was the one that replaced it."""
        ...


class _Asking(Protocol):
    """A call that lacks its address and its headers."""

    def __call__(self, url: str, *, headers: Mapping[str, str]) -> Awaitable[Any]: ...


class BearerApi:
    """Calls below one address, with a token that is renewed once when it is refused."""

    def __init__(
        self, provider: Provider, *, base_url: str, calls: JsonCalls, tokens: AccessTokens
    ) -> None:
        self._provider = provider
        self._base_url = base_url.rstrip("/")
        self._calls = calls
        self._tokens = tokens

    async def get(
        self, *path: str, query: Query | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Each part of the path is one segment, whatever is in it."""
        return await self._below(path, headers, partial(self._calls.get, query=query))

    async def post(self, *path: str, headers: Mapping[str, str] | None = None) -> Any:
        """Without a body, and of a kind that does no harm when it comes twice: it is repeated."""
        asking = partial(self._calls.query, body={}, judge=lambda answer: answer)
        return await self._below(path, headers, asking)

    async def _below(
        self, path: tuple[str, ...], headers: Mapping[str, str] | None, asking: _Asking
    ) -> Any:
        url = f"{self._base_url}/{'/'.join(self._provider.segment(part) for part in path)}"

        async def call(token: StoredToken) -> Any:
            bearer = {"Authorization": f"Bearer {token.access_token.reveal()}"}
            return await asking(url, headers=bearer | dict(headers or {}))

        try:
            return await self._authorised(call)
        except HttpError as error:
            failure = self._provider.translated(error)
            if isinstance(failure, CredentialsRejected):
                await self._tokens.forget()
            raise failure from error

    async def _authorised(self, call: Callable[[StoredToken], Awaitable[Any]]) -> Any:
        token = await self._tokens.current()
        try:
            return await call(token)
        except HttpRefused as error:
            if not self._provider.is_stale(error):
                raise
        return await call(await self._tokens.replace(token))


async def bought(provider: Provider, asking: Awaitable[Any], *, clock: Clock) -> StoredToken:
    """The token for which a token endpoint is being asked.

    Identity services refuse in words of their own, so that only the status counts.
    """
    try:
        answer = await asking
    except HttpError as error:
        if isinstance(error, HttpRefused) and error.status in _NO_TOKEN_FOR_YOU:
            raise provider.rejected() from error
        if isinstance(error, HttpRefused):
            raise provider.malformed("there are no tokens at the address for them") from error
        raise provider.translated(error) from error
    token = read_token(answer, now=clock.now())
    if token is None:
        raise provider.malformed("it holds no access token")
    return token
