"""What an operator says about PanelOne's tokens, checked before the first one arrives."""

import re
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Final

from billingone_api.kit.auth.shared_secret import check_secret
from billingone_api.kit.http.addresses import check_address

PUBLISHED: Final = frozenset({"RS256", "ES256"})
SHARED: Final = "HS256"
# People can write this part of their own Supabase record.
WRITABLE_BY_PEOPLE: Final = "user_metadata"

_LARGEST_LEEWAY: Final = timedelta(seconds=60)
_LONGEST_LIFETIME: Final = timedelta(days=366)
_PATH: Final = re.compile(r"[A-Za-z0-9_:/-]+(\.[A-Za-z0-9_:/-]+)*")


@dataclass(frozen=True, slots=True)
class TokenRules:
    """How this installation's tokens look; constructing it raises ValueError for what cannot work.

    Claims are dotted paths into the payload. One family of signatures per installation: RS256
    and ES256 by a published key set, or HS256 by a shared secret.
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    jwks_url: str | None = None
    shared_secret: str | None = field(default=None, repr=False)
    user_claim: str = "sub"
    email_claim: str = "email"
    name_claim: str = "user_metadata.full_name"
    organisation_claim: str = "app_metadata.org_id"
    role_claim: str = "app_metadata.role"
    session_claim: str = "session_id"
    max_lifetime: timedelta = timedelta(hours=24)
    leeway: timedelta = timedelta(seconds=60)
    key_ttl: timedelta = timedelta(minutes=10)
    key_cooldown: timedelta = timedelta(seconds=10)

    def __post_init__(self) -> None:
        _require(self.issuer.strip(), "The issuer of PanelOne's tokens must be named.")
        _require(self.audience.strip(), "The audience of PanelOne's tokens must be named.")
        _check_algorithms(self.algorithms)
        _require(
            (self.jwks_url is None) != (self.shared_secret is None),
            "Give either a key set's address or a shared secret, not both and not neither.",
        )
        self._check_family()
        self._check_claims()
        self._check_durations()

    def _check_family(self) -> None:
        shared = SHARED in self.algorithms
        _require(
            shared == (self.shared_secret is not None),
            "HS256 goes with a shared secret, RS256 and ES256 with a key set's address.",
        )
        if self.shared_secret is not None:
            check_secret(self.shared_secret)
        if self.jwks_url is not None:
            check_address(self.jwks_url, of="The key set's address")

    def _check_claims(self) -> None:
        for item in fields(self):
            if item.name.endswith("_claim"):
                path: str = getattr(self, item.name)
                _require(_PATH.fullmatch(path), f"{item.name} is not a dotted path of claims.")
        for name in ("user_claim", "organisation_claim", "role_claim", "session_claim"):
            root = getattr(self, name).partition(".")[0]
            _require(
                root != WRITABLE_BY_PEOPLE,
                f"{name} must not be read from user_metadata: people can write it themselves.",
            )
        _require(
            self.role_claim != "role",
            "role_claim cannot be `role`: Supabase writes `authenticated` there for everybody.",
        )

    def _check_durations(self) -> None:
        for name in ("max_lifetime", "key_ttl", "key_cooldown"):
            _require(getattr(self, name) > timedelta(0), f"{name} must be longer than nothing.")
        _require(self.max_lifetime <= _LONGEST_LIFETIME, "max_lifetime is a year at most.")
        _require(
            timedelta(0) <= self.leeway <= _LARGEST_LEEWAY, "leeway is between 0 and 60 seconds."
        )


def _require(condition: object, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)


def _check_algorithms(algorithms: object) -> None:
    # A bare string would turn every later `in` into a substring test.
    _require(
        isinstance(algorithms, tuple) and algorithms,
        "Algorithms are a tuple of names, at least one.",
    )
    chosen = set(algorithms) if isinstance(algorithms, tuple) else set()
    _require(
        chosen <= PUBLISHED or chosen == {SHARED},
        "Algorithms are RS256 and ES256, or HS256 alone: one family per installation.",
    )
