"""Two thousand companies as PanelOne has them and as an accountant wrote them down elsewhere.

Names vary as they do in practice: legal forms, abbreviations, typos, other spellings of "and",
trading names; some share a domain or a tax number with a sister, some have neither.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from billingone_api.billing.clients.matching.suggesting import Party

_PEOPLE_WORDS: Final = """
Smith Jones Nguyen Brown Wilson Taylor Patel Singh Murphy Kelly Chen Papadopoulos Rossi Anderson
Mackenzie Fraser Bennett Harrison Campbell Sullivan Petrov Kowalski Fischer Lindqvist O'Brien
Karamanlis Yamamoto Ferrari Schmidt Doyle Hughes Marshall Webb Hayes Cole Grant Burton Sharpe
Thornton Ashworth Whitlock Pemberton Hargreaves Callaghan Donnelly Vickers Lockwood Stanton
"""
_PEOPLE: Final = _PEOPLE_WORDS.split()
_PLACES_WORDS: Final = """
Bondi Parramatta Geelong Ballarat Toowoomba Bendigo Newcastle Cairns Hobart Launceston Darwin
Mandurah Fremantle Wollongong Gosford Albury Dubbo Orange Bathurst Mildura Shepparton Warragul
Northcote Brunswick Richmond Carlton Fitzroy Hawthorn Malvern Brighton Glenelg Norwood Unley
Coogee Manly Mosman Kirribilli Hornsby Penrith Blacktown Liverpool Ipswich Noosa Byron Ballina
"""
_PLACES: Final = _PLACES_WORDS.split()
_BRANDS_WORDS: Final = """
Acacia Bluegum Kauri Rimu Redgum Wattle Banksia Kurrajong Jarrah Karri Mulga Boronia Waratah
Corella Kookaburra Galah Currawong Lorikeet Brolga Cassowary Wombat Bilby Quokka Dingo Taipan
Southern Northern Coastal Alpine Harbour Summit Pinnacle Horizon Meridian Zenith Apex Vertex Nova
Orion Vega Sirius Atlas Titan Phoenix Falcon Condor Osprey Beacon Keystone Cornerstone Bedrock
Granite Cobalt Indigo Crimson Emerald Sapphire Opal Pearl Amber Ivory Ebony Silver Copper
"""
_BRANDS: Final = _BRANDS_WORDS.split()
_TRADES: Final = (
    "Dental",
    "Dental Clinic",
    "Accounting",
    "Accountants",
    "Legal",
    "Lawyers",
    "Solicitors",
    "Plumbing",
    "Electrical",
    "Engineering",
    "Constructions",
    "Builders",
    "Architects",
    "Real Estate",
    "Property Management",
    "Financial Services",
    "Financial Planning",
    "Insurance Brokers",
    "Physiotherapy",
    "Medical Centre",
    "Veterinary Clinic",
    "Pharmacy",
    "Logistics",
    "Transport",
    "Freight Services",
    "Consulting",
    "Recruitment",
    "Marketing",
    "Printing",
    "Landscaping",
    "Nurseries",
    "Wines",
    "Bakery",
    "Catering",
    "Furniture",
    "Motors",
    "Smash Repairs",
    "Travel",
    "Childcare",
    "Primary School",
    "Community Association",
    "Manufacturing",
    "Technologies",
    "Security Services",
)
_FORMS: Final = (
    " Pty Ltd",
    " Pty. Ltd.",
    " P/L",
    " Pty Limited",
    " Limited",
    " Ltd",
    " Inc.",
    " Incorporated",
    "",
    "",
    "",
)
_SHORT: Final = {
    "Association": "Assoc",
    "Services": "Svcs",
    "Management": "Mgmt",
    "Engineering": "Eng",
    "Manufacturing": "Mfg",
    "Technologies": "Tech",
    "Financial": "Fin",
    "Constructions": "Const",
    "Community": "Comm",
    "Accounting": "Acctg",
    "and": "&",
}
FREEMAIL: Final = ("gmail.com", "bigpond.com", "outlook.com.au", "hotmail.com", "yahoo.com.au")


@dataclass(frozen=True)
class Generated:
    """`truth` says whose each record is; None for a record that is no client's."""

    clients: list[Party[str]]
    records: list[Party[str]]
    truth: dict[str, str | None]


@dataclass
class _Company:
    key: str
    name: str
    domain: str
    tax: str


class _Town:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a seeded generator must be predictable
        self._taken: set[str] = set()

    def pick(self, words: list[str] | tuple[str, ...]) -> str:
        return self.chance.choice(words)

    def name(self) -> str:
        shapes: list[Callable[[], str]] = [
            lambda: f"{self.pick(_BRANDS)} {self.pick(_TRADES)}",
            lambda: f"{self.pick(_PLACES)} {self.pick(_TRADES)}",
            lambda: f"{self.pick(_PEOPLE)} {self.pick(_TRADES)}",
            lambda: f"{self.pick(_PEOPLE)} and {self.pick(_PEOPLE)} {self.pick(_TRADES)}",
            lambda: f"{self.pick(_PEOPLE)} & Sons {self.pick(_TRADES)}",
            lambda: f"{self.pick(_BRANDS)} {self.pick(_PLACES)} {self.pick(_TRADES)}",
        ]
        while True:
            name = self.chance.choice(shapes)()
            if name not in self._taken:
                self._taken.add(name)
                return name

    def tax(self) -> str:
        return "".join(str(self.chance.randint(0, 9)) for _ in range(11))

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share


def generated(seed: int, *, companies: int = 2_000) -> Generated:
    """As many clients; one in fourteen has no record, one record in fifteen is nobody's."""
    town = _Town(seed)
    known = _companies(town, companies)
    clients = [_client(town, company) for company in known]
    records: list[Party[str]] = []
    truth: dict[str, str | None] = {}
    for company in known:
        if town.maybe(0.93):
            record = _record(town, company, f"record-{len(records)}")
            records.append(record)
            truth[record.key] = company.key
    for number in range(companies // 15):
        stranger = _Company("", town.name(), f"stranger{number}.com.au", town.tax())
        record = _record(town, stranger, f"record-{len(records)}")
        records.append(record)
        truth[record.key] = None
    town.chance.shuffle(records)
    return Generated(clients, records, truth)


def _companies(town: _Town, wanted: int) -> list[_Company]:
    """One in nine is a sister of the one before: like its name, often with its domain or number."""
    made: list[_Company] = []
    while len(made) < wanted:
        name = town.name()
        host = "".join(letter for letter in name.lower() if letter.isalnum())[:24] + ".com.au"
        made.append(_Company(f"client-{len(made)}", name, host, town.tax()))
        if town.maybe(0.11) and len(made) < wanted:
            first = name.split()[0]
            kind = town.pick(("Holdings", "Group", "Services", "Properties", "Investments"))
            sister = town.pick(
                (f"{name} {kind}", f"{first} {kind}", f"{first} {town.pick(_PLACES)}")
            )
            tax = made[-1].tax if town.maybe(0.15) else town.tax()
            shared = host if town.maybe(0.7) else f"{first.lower()}-{kind.lower()}.com.au"
            made.append(_Company(f"client-{len(made)}", sister, shared, tax))
    return made


def _client(town: _Town, company: _Company) -> Party[str]:
    return Party(
        company.key,
        company.name + town.pick(_FORMS),
        tax=company.tax if town.maybe(0.5) else None,
        addresses=(company.domain,) if town.maybe(0.6) else (),
        ids=(company.key + "-of-panelone",),
    )


def _record(town: _Town, company: _Company, key: str) -> Party[str]:
    spaced = " ".join((company.tax[:2], company.tax[2:5], company.tax[5:8], company.tax[8:]))
    return Party(
        key,
        _variant(town, company.name) + town.pick(_FORMS),
        tax=town.pick((company.tax, spaced, f"ABN {spaced}")) if town.maybe(0.45) else None,
        addresses=_addresses(town, company.domain),
        ids=(company.key + "-of-panelone",) if company.key and town.maybe(0.1) else (),
    )


def _addresses(town: _Town, host: str) -> tuple[str | None, ...]:
    mail = f"accounts@{town.pick(FREEMAIL)}" if town.maybe(0.25) else f"accounts@{host}"
    site = town.pick((f"https://www.{host}/contact", f"http://{host}", f"www.{host}"))
    return (mail if town.maybe(0.7) else None, site if town.maybe(0.4) else None)


def _variant(town: _Town, name: str) -> str:
    changes: list[Callable[[str], str]] = [
        lambda said: said,
        lambda said: said,
        lambda said: said.upper(),
        lambda said: " ".join(_SHORT.get(word, word) for word in said.split()),
        lambda said: said.replace(" and ", " & ").replace("&", "and", 1),
        lambda said: f"The {said}",
        lambda said: _with_typo(town, said),
        lambda said: _with_typo(town, _with_typo(town, said)),
        lambda said: said.replace(" ", "", 1),
        lambda said: f"{said} ({town.pick(_PLACES)})",
        lambda said: f"{town.pick(_PEOPLE)} Family Trust t/a {said}",
        lambda said: f"{said} T/As {town.pick(_BRANDS)} {town.pick(_PLACES)}",
        lambda said: " ".join(reversed(said.split())) if len(said.split()) == 2 else said,
        lambda said: "".join(word[0] for word in said.split()) if town.maybe(0.4) else said,
        lambda said: f"{town.pick(_BRANDS)} {town.pick(_TRADES)}" if town.maybe(0.3) else said,
    ]
    return town.chance.choice(changes)(name)


def _with_typo(town: _Town, name: str) -> str:
    at = town.chance.randrange(1, len(name) - 1)
    letter = town.chance.choice("aeioulnrst")
    return town.pick(
        (
            name[:at] + name[at + 1 :],
            name[:at] + letter + name[at:],
            name[:at] + letter + name[at + 1 :],
            name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :],
        )
    )
