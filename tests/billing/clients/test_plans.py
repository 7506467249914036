"""At volume a page of clients reads what belongs to its clients, in whichever order it is.

The statements are those of the program, planned once for all values as `billingone migrate` sets.
"""

from decimal import Decimal
from uuid import UUID

from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.plans import looked_at, planned
from tests.support.totals import reckon

from billingone_api.billing.clients.adapters.postgres.selection import Shape, page_of
from billingone_api.billing.definitions.models import PriceBasis

CLIENTS = 2_000
OF_EACH = 10
_CLIENTS = """
INSERT INTO clients (organisation_id, id, name, active)
SELECT $1, gen_random_uuid(), 'Client ' || lpad(n::text, 5, '0'), true
FROM generate_series(1, $2::int) n
"""
_LINKS = """
INSERT INTO client_links (organisation_id, source, source_id, client_id, origin)
SELECT organisation_id, 'pax8', id::text, id, 'exact' FROM clients WHERE organisation_id = $1
"""
_SUBSCRIPTIONS = """
INSERT INTO subscriptions (organisation_id, id, source, source_id, source_status, company_id,
  client_id, quantity, price, currency, billing_term, first_seen_at, changed_at)
SELECT organisation_id, gen_random_uuid(), 'pax8', id::text || n, 'Active', id::text, id, 1,
  right(name, 5)::int, 'AUD', 'Monthly', now(), now()
FROM clients, generate_series(1, $2::int) n WHERE organisation_id = $1
"""


async def test_a_page_of_clients_adds_up_what_its_own_clients_have(
    api: Api, database: Database
) -> None:
    await database.as_owner(_CLIENTS, api.organisation_id, CLIENTS)
    await database.as_owner(_LINKS, api.organisation_id)
    await database.as_owner(_SUBSCRIPTIONS, api.organisation_id, OF_EACH)
    await reckon(database, api.organisation_id)
    await database.as_owner("ANALYZE clients, client_links, client_totals, subscriptions")
    name = database.owner_url.rpartition("/")[2]
    await database.as_owner(f"ALTER DATABASE {name} SET plan_cache_mode = force_generic_plan")
    values = {
        "organisation_id": api.organisation_id,
        "today": NOW.date(),
        "now": NOW,
        "reporting_currency": "AUD",
        "limit": 51,
    }
    deep = {"-mrr": Decimal(100 * OF_EACH * 72), "name": "Client 01900"}
    for sort, value in deep.items():
        for is_continued in (False, True):
            shape = Shape(PriceBasis("sell", "year"), True, sort, False, is_continued)  # noqa: FBT003 - fields
            after = {"after_value": value, "after_id": UUID(int=0)} if is_continued else {}
            plan = await planned(database, api.organisation_id, page_of(shape), values | after)
            assert plan["Actual Rows"] == 51
            # once to add up, once for seats
            assert looked_at(plan, "subscriptions") <= 2 * 51 * OF_EACH, (sort, is_continued)
