"""One client as Pax8 and PanelOne each know it: a company here, a master record there."""

from datetime import datetime, timedelta
from random import Random
from typing import Final

from billingone_api.sandbox.dates import bare_offset, day
from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.names import FAMILY_NAMES, GIVEN_NAMES, STREETS, TOWNS, ClientName
from billingone_api.sandbox.wire import Record


def company_record(n: int, name: ClientName, *, ids: Identifiers, now: datetime) -> Record:
    """A company of Pax8; phone, website, externalId and orderApprovalRequired come and go."""
    rng = Random(ids("company-facts", n))
    row: Record = {
        "id": ids("company", n),
        "name": name.registered,
        "address": _address(n, rng),
        "billOnBehalfOfEnabled": False,
        "selfServiceAllowed": n % 4 == 1,
        "status": company_status(n),
        "updatedDate": bare_offset(now - timedelta(days=rng.randrange(1, 300), seconds=n)),
    }
    if n % 3:
        row["phone"] = f"0{rng.choice('2378')} 5550 {rng.randrange(1000, 9999)}"
    if n % 5 != 2:  # noqa: PLR2004 - any fifth would do
        row["website"] = f"https://{name.domain}/" if n % 2 else name.domain
    if n % 2:
        row["externalId"] = f"CW-{10_000 + n}"
    if n % 4 != 3:  # noqa: PLR2004 - any fourth would do
        row["orderApprovalRequired"] = n % 8 == 0
    return row


def company_status(n: int) -> str:
    """Mostly Active; an Inactive one has no primary contact, which is no suspension."""
    if n % 29 == 17:  # noqa: PLR2004 - a few of each in any portfolio of 60
        return "Inactive"
    return "Deleted" if n % 41 == 23 else "Active"  # noqa: PLR2004 - the same


def _address(n: int, rng: Random) -> Record:
    town = TOWNS[n % len(TOWNS)]
    address = {
        "street": f"{rng.randrange(1, 400)} {STREETS[n % len(STREETS)]}",
        "city": town.name,
        "stateOrProvince": town.state,
        "postalCode": town.postcode,
        "country": town.country,
    }
    return address | {"street2": f"Level {rng.randrange(1, 30)}"} if n % 6 == 0 else address


def contact_records(company: Record, *, ids: Identifiers, now: datetime) -> list[Record]:
    """A company's contacts, newest first, as Pax8 lists them; some have none at all."""
    rng = Random(ids("contact-facts", company["id"]))
    primary = company["status"] == "Active"
    habit = rng.choice(_HABITS)
    kinds = (["Billing", "Admin"], ["Technical", "Admin"], ["Technical"])[: rng.randrange(1, 4)]
    rows = [
        _contact(n, types, primary=primary, rng=rng, company=company, ids=ids, now=now)
        for n, types in enumerate(kinds if habit != "nobody" else ())
    ]
    if habit == "freemail":
        rows[0]["email"] = f"{rows[0]['firstName']}.{rows[0]['lastName']}@GMail.com"
    if habit == "gaps":
        rows.append(_gaps(ids("contact", company["id"], "gaps"), now))
    return sorted(rows, key=lambda row: str(row["createdDate"]), reverse=True)


_HABITS: Final = (*("usual",) * 7, "nobody", "freemail", "gaps")


def _gaps(contact_id: str, now: datetime) -> Record:
    """Somebody of whom little was entered; the number has the name that was met, not documented."""
    return {
        "id": contact_id,
        "firstName": "Reception",
        "phoneNumber": "255501234",
        "phoneCountryCode": "AU",
        "createdDate": day(now - timedelta(days=12)),
        "types": None,
    }


def _contact(
    n: int,
    types: list[str],
    *,
    primary: bool,
    rng: Random,
    company: Record,
    ids: Identifiers,
    now: datetime,
) -> Record:
    given, family = rng.choice(GIVEN_NAMES), rng.choice(FAMILY_NAMES)
    host = str(company.get("website", "bluegum.example")).removeprefix("https://").rstrip("/")
    return {
        "id": ids("contact", company["id"], n),
        "firstName": given,
        "lastName": family,
        "email": f"{'accounts' if 'Billing' in types else f'it{n}'}@{host}",
        "phone": f"02 5550 {rng.randrange(1000, 9999)}",
        "createdDate": day(now - timedelta(days=rng.randrange(30, 1500))),
        "types": [{"type": kind, "primary": primary and kind == types[0]} for kind in types],
    }


def client_record(n: int, name: ClientName, *, ids: Identifiers) -> Record:
    """A client of PanelOne's master record; one in ten does not say which company it is."""
    external: Record = {}
    if linked(n):
        external["pax8_company_id"] = ids("company", n)
    if invoiced_under_its_id(n):
        external["xero_contact_id"] = ids("xero", "contact", n)
    if managed_under_its_id(n):
        external["superops_client_id"] = superops_client_id(n, ids)
    if n % 4 == 0:
        external["tax_number"] = f"{51_000_000_000 + n * 7919}"
    if n % 3:
        external["domains"] = [name.domain]
    return {
        "id": ids("client", n),
        "name": name.short,
        "active": company_status(n) != "Deleted",
        "external_ids": external,
    }


def walk_in_record(n: int, name: ClientName, *, ids: Identifiers) -> Record:
    """A client that buys nothing of Pax8 and that Xero has never heard of: SuperOps bills it."""
    external = {"superops_client_id": superops_client_id(n, ids)}
    return {"id": ids("client", n), "name": name.short, "active": True, "external_ids": external}


def superops_client_id(n: int, ids: Identifiers) -> str:
    return ids.number("superops", "client", n)


def walk_ins(clients: int) -> range:
    """The places of those clients, which come after the others: one for each twelve."""
    return range(clients, clients + clients // 12)


def linked(n: int) -> bool:
    """Whether PanelOne knows the Pax8 company of client `n`."""
    return n % 10 != 6  # noqa: PLR2004 - any tenth would do


def invoiced_under_its_id(n: int) -> bool:
    """Whether PanelOne knows the Xero contact of client `n`."""
    return n % 7 != 3  # noqa: PLR2004 - any seventh would do


def managed(n: int) -> bool:
    """Whether SuperOps looks after the devices and people of client `n`."""
    return n % 3 != 2  # noqa: PLR2004 - two of three


def managed_under_its_id(n: int) -> bool:
    """Whether PanelOne knows the SuperOps client of `n`; of some, it knows none of Xero either."""
    return managed(n) and n % 7 != 3 and n % 13 != 6  # noqa: PLR2004 - any seventh and thirteenth
