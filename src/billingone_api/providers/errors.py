"""What third parties do to us, in words an area can act on and a person can read.

ProviderError
├── ProviderUnavailable     away, too slow, or unwell; trying again later helps
├── CredentialsRejected     the credentials are not, or no longer, good: somebody must renew them
├── PermissionDenied        the credentials are good and may not read this
├── ProviderRateLimited     we asked too often; with the time to leave them alone
├── RecordNotFound          there is no such record
└── MalformedAnswer         an answer that cannot be what was asked for: nothing of it is used
"""


class ProviderError(Exception):
    """A third party did not give what was asked; `str()` is a sentence for people.

    `correlation_id` is their own number for the exchange, where they give one: their support
    asks for it.
    """

    correlation_id: str | None = None

    def __init__(self, sentence: str, *, provider: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.provider = provider


class ProviderUnavailable(ProviderError):
    """Nobody answered, or only a gateway did; `retry_after` is in seconds, where they said."""

    def __init__(self, sentence: str, *, provider: str, retry_after: float | None = None) -> None:
        super().__init__(sentence, provider=provider)
        self.retry_after = retry_after


class CredentialsRejected(ProviderError):
    """Trying again does not help; new credentials do."""


class PermissionDenied(ProviderError):
    """Trying again does not help; more rights at the third party do."""


class ProviderRateLimited(ProviderError):
    """`retry_after` is in seconds; None where they did not say."""

    def __init__(self, sentence: str, *, provider: str, retry_after: float | None = None) -> None:
        super().__init__(sentence, provider=provider)
        self.retry_after = retry_after


class RecordNotFound(ProviderError):
    """They do not know this id, or not any more."""


class MalformedAnswer(ProviderError):
    """What came back is not used in part either: half a list looks like a list that shrank."""
