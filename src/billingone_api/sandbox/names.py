"""Who lives in the practice ground: clients, streets, towns and people of an Australian MSP."""

from dataclasses import dataclass
from random import Random
from typing import Final

PARTNER: Final = "Bluegum IT"

_FIRST_WORDS: Final = (
    "Acacia", "Banksia", "Boronia", "Bottlebrush", "Brigalow", "Callistemon", "Cassowary",
    "Coolabah", "Corella", "Currawong", "Dingo Creek", "Eastern Rosella", "Flinders", "Galah",
    "Gippsland", "Grevillea", "Harbour", "Illawarra", "Ironbark", "Jacaranda", "Jarrah",
    "Kookaburra", "Kurrajong", "Lilly Pilly", "Lyrebird", "Mallee", "Melaleuca", "Mulga",
    "Murray", "Nullarbor", "O'Brien & Sons", "Paperbark", "Pelican Point", "Quandong", "Redgum",
    "Saltbush", "Sandgate", "Silver Wattle", "Spinifex", "Stringybark", "Tallowwood", "Telopea",
    "Waratah", "Wollemi", "Yarra", "7 Mile",
)  # fmt: skip

_TRADES: Final = (
    "Dental", "Accounting", "Legal", "Physiotherapy", "Veterinary", "Architects", "Plumbing",
    "Electrical", "Real Estate", "Conveyancing", "Engineering", "Logistics", "Freight", "Builders",
    "Joinery", "Wines", "Brewing", "Café Group", "Bakery", "Childcare", "Aged Care", "Pharmacy",
    "Optometry", "Radiology", "Surveying", "Insurance Brokers", "Financial Planning", "Motors",
    "Marine", "Mining Services", "Recruitment", "Landscapes", "Printing", "Signs", "Roofing",
    "Cold Storage", "Farms", "Timber", "Tours", "Hotels", "Catering", "Security", "Cleaning",
    "Civil", "Media", "Music School",
)  # fmt: skip

_LEGAL_FORMS: Final = (" Pty Ltd", " Pty Ltd", " Group Pty Ltd", " Pty. Limited", "", " Trust")

STREETS: Final = (
    "Wharf Street", "King William St", "Collins Street", "Adelaide Terrace", "Eagle Street",
    "Liverpool St", "Northbourne Avenue", "Mitchell Street", "Hunter Street", "Swanston St",
)  # fmt: skip

GIVEN_NAMES: Final = (
    "Priya", "Tom", "Mei", "Jarrod", "Aroha", "Luca", "Siobhán", "Nguyen", "Kiri", "Zoë",
)  # fmt: skip

FAMILY_NAMES: Final = (
    "Nair", "Okafor", "Chen", "Walker", "Tāmihana", "Rossi", "O'Dea", "Tran", "Singh", "Müller",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Town:
    """A town with its state and postcode."""

    name: str
    state: str
    postcode: str
    country: str = "AU"


TOWNS: Final = (
    Town("Sydney", "NSW", "2000"),
    Town("Melbourne", "VIC", "3000"),
    Town("Brisbane", "QLD", "4000"),
    Town("Perth", "WA", "6000"),
    Town("Adelaide", "SA", "5000"),
    Town("Hobart", "TAS", "7000"),
    Town("Canberra", "ACT", "2600"),
    Town("Darwin", "NT", "0800"),
    Town("Newcastle", "NSW", "2300"),
    Town("Auckland", "AUK", "1010", country="NZ"),
)


@dataclass(frozen=True, slots=True)
class ClientName:
    """One client as the two systems spell it."""

    short: str
    registered: str
    domain: str


def client_names(count: int, *, seed: int) -> list[ClientName]:
    """So many different clients; past the combinations a number tells branches apart."""
    pairs = [(first, trade) for first in _FIRST_WORDS for trade in _TRADES]
    Random(f"{seed}/names").shuffle(pairs)
    pairs.remove(("Acacia", "Dental"))
    pairs.insert(0, ("Acacia", "Dental"))
    return [_client_name(*pairs[n % len(pairs)], branch=n // len(pairs), n=n) for n in range(count)]


def _client_name(first: str, trade: str, *, branch: int, n: int) -> ClientName:
    short = f"{first} {trade}" + (f" {branch + 1}" if branch else "")
    letters = "".join(letter for letter in short.lower() if letter.isalnum() and letter.isascii())
    return ClientName(
        short=short,
        registered=short + _LEGAL_FORMS[n % len(_LEGAL_FORMS)],
        domain=f"{letters}.example",
    )
