"""Who belongs to which client: people with several sites, and some with two clients."""

from collections.abc import Iterator, Sequence

from billingone_api.sandbox.names import FAMILY_NAMES, GIVEN_NAMES, TOWNS
from billingone_api.sandbox.superops.customers import Customer
from billingone_api.sandbox.superops.wire import reference
from billingone_api.sandbox.wire import Record

_TWO_SITES_OF = 9
_TWO_CLIENTS_OF = 5


class People:
    """Writes the association of an ordinal; a user's name, e-mail and id stay the same in all."""

    def __init__(self, customers: Sequence[Customer]) -> None:
        self._all = list(_associations(customers))

    def keys(self) -> list[str]:
        return [
            where.named("association", ordinal) for ordinal, (where, *_) in enumerate(self._all)
        ]

    def association(self, ordinal: int) -> Record:
        customer, home, place, site = self._all[ordinal]
        return {
            "id": customer.named("association", ordinal),
            "client": customer.record(),
            "site": _site(customer, site),
            "user": _user(home, place),
        }


def _associations(
    customers: Sequence[Customer],
) -> Iterator[tuple[Customer, Customer, int, int]]:
    """Client, the client whose user it is, which of its users, which of the client's sites."""
    guest: Customer | None = None
    for customer in customers:
        own = customer.people
        if guest is not None and own > 1:
            yield customer, guest, 0, 0
            own -= 1
        for place in range(own):
            yield customer, customer, place, 0
            if place % _TWO_SITES_OF == 4:  # noqa: PLR2004 - any ninth
                yield customer, customer, place, 1
        guest = customer if customer.number % _TWO_CLIENTS_OF == 0 else None


def _site(customer: Customer, which: int) -> Record:
    """The headquarters, or a depot in another town."""
    town = TOWNS[(customer.number + which) % len(TOWNS)]
    key = customer.named("depot", customer.number) if which else customer.site["id"]
    return {
        "id": key,
        "name": f"{town.name} depot" if which else town.name,
        "timezoneCode": "Australia/Sydney",
        "working24x7": False,
        "city": town.name,
        "postalCode": town.postcode,
        "countryCode": town.country,
        "stateCode": town.state,
        "client": customer.reference(),
        "hq": which == 0,
    }


def _user(home: Customer, place: int) -> Record:
    n = home.number + place
    given = GIVEN_NAMES[n % len(GIVEN_NAMES)]
    family = FAMILY_NAMES[(n + place // len(GIVEN_NAMES)) % len(FAMILY_NAMES)]
    return {
        "userId": home.named("user", home.number, place),
        "firstName": given,
        "lastName": family,
        "name": f"{given} {family}",
        "email": f"person{place}@{home.title.domain}",
        "contactNumber": None,
        "reportingManager": None,
        # Since people may belong to several clients, nothing stands here (contract, 7).
        "site": None,
        "client": None,
        "role": reference("roleId", "4", "Requester"),
        "customFields": {},
    }
