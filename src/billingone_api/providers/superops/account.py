"""Whose SuperOps is read, and where it is."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from billingone_api.kit.cipher import Secret

# One label of a host's name: it goes into a header, and people open SuperOps at it.
_SUBDOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HOSTS: Final = (".superops.ai", ".superops.com")
_SCHEMES: Final = frozenset({"", "http", "https"})
# What may stand in a header; anything else would fail there with the token in the message.
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}")


class Region(StrEnum):
    """Where SuperOps keeps an account; a token of one is unknown in the other."""

    US = "us"
    EU = "eu"


@dataclass(frozen=True, slots=True)
class SuperOpsEndpoints:
    """Where SuperOps is; the operator's configuration, never a tenant's."""

    us_url: str
    eu_url: str

    def url(self, region: Region) -> str:
        return self.us_url if region is Region.US else self.eu_url


@dataclass(frozen=True, slots=True)
class SuperOpsAccount:
    """One MSP's account; ValueError, which repeats neither, for what can be none.

    A token is of one user, whose role and devices bound what it reads (contract page, 1).
    """

    subdomain: str
    region: Region
    token: Secret

    def __post_init__(self) -> None:
        if _SUBDOMAIN.fullmatch(self.subdomain) is None:
            raise ValueError("It is not a subdomain of SuperOps.")
        if _TOKEN.fullmatch(self.token.reveal()) is None:
            raise ValueError("It is not a token of SuperOps.")


def subdomain_of(text: str) -> str:
    """The bare label in what people paste: `Acme`, or the address where they open SuperOps.

    ValueError for anything else, other hosts too.
    """
    label = _host(text.strip()).lower()
    for host in _HOSTS:
        label = label.removesuffix(host)
    if _SUBDOMAIN.fullmatch(label) is None:
        raise ValueError("It is not a subdomain of SuperOps, like acme in acme.superops.ai.")
    return label


def _host(text: str) -> str:
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
    except ValueError:
        return ""
    return parts.netloc if parts.scheme in _SCHEMES else ""
