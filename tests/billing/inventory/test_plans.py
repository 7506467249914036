"""At volume a page of devices or people reads no more than what it shows.

The statements are those of the program, planned once for all values as `billingone migrate` sets.
"""

from uuid import UUID

from tests.support.api import Api
from tests.support.clock import NOW
from tests.support.databases import Database
from tests.support.ledgers import Ledgers
from tests.support.plans import indexes, looked_at, planned

from billingone_api.billing.counts.adapters.devices import bound_by
from billingone_api.billing.counts.models import DeviceRule
from billingone_api.billing.inventory.adapters.devices import DEVICES
from billingone_api.billing.inventory.adapters.users import USERS
from billingone_api.database.listings import page_of

CLIENTS = 1_000
OF_EACH = 20
_CLIENTS = """
INSERT INTO clients (organisation_id, id, name, active)
SELECT $1, gen_random_uuid(), 'Client ' || lpad((n * 7919 % $2)::text, 5, '0'), true
FROM generate_series(1, $2::int) n
"""
_COMPANIES = """
INSERT INTO superops_clients
  (organisation_id, ledger_id, source_id, name, first_seen_at, changed_at)
SELECT $1, $2, id::text, name, now(), now() FROM clients WHERE organisation_id = $1
"""
_LINKS = """
INSERT INTO client_links (organisation_id, source, source_id, client_id, origin)
SELECT organisation_id, 'superops', id::text, id, 'exact' FROM clients
WHERE organisation_id = $1 AND right(name, 2) <> '07'
"""
_DEVICES = """
INSERT INTO superops_assets (organisation_id, ledger_id, source_id, client_source_id, name,
  host_name, serial_number, asset_class, device_category, platform, source_status, last_seen_at,
  first_seen_at, changed_at)
SELECT $1, $2, row_number() OVER ()::text, c.id::text,
  (ARRAY['PC-', 'SRV-', 'LAPTOP-', 'TMP-VDI-'])[1 + (n + s) % 4] || left(md5(n || c.name), 8),
  'host-' || n, md5(c.id::text || n),
  (ARRAY['Windows Machine', 'Linux', 'Mac'])[1 + s % 3],
  (ARRAY['Workstation', 'Server', NULL, 'Laptop', 'Printer'])[1 + n % 5],
  (ARRAY['Microsoft Windows 11 Pro', 'Ubuntu 22.04', 'macOS 14', 'Windows Server 2022'])[1 + s % 4],
  'ONLINE', timestamptz '2026-11-24 01:00Z' - (s % 120) * interval '1 day', now(), now()
FROM clients c, generate_series(1, $3::int) n,
  LATERAL (SELECT abs(hashtext(c.name || n) % 100000) AS s) s
WHERE organisation_id = $1
"""
_PEOPLE = """
INSERT INTO superops_users (organisation_id, ledger_id, source_id, user_source_id,
  client_source_id, name, first_seen_at, changed_at)
SELECT $1, $2, row_number() OVER ()::text, id::text || n, id::text, 'Person ' || n || name,
  now(), now()
FROM clients, generate_series(1, $3::int) n WHERE organisation_id = $1
"""


async def filled(database: Database, organisation_id: UUID) -> UUID:
    """Gives one of the clients."""
    books = await Ledgers(database, organisation_id).ledger("superops")
    await database.as_owner(_CLIENTS, organisation_id, CLIENTS)
    await database.as_owner(_COMPANIES, organisation_id, books)
    await database.as_owner(_LINKS, organisation_id)
    for statement in (_DEVICES, _PEOPLE):
        await database.as_owner(statement, organisation_id, books, OF_EACH)
    await database.as_owner(
        "ANALYZE clients, client_links, superops_clients, superops_assets, superops_users"
    )
    [row] = await database.as_owner("SELECT id FROM clients ORDER BY name OFFSET 10 LIMIT 1")
    client: UUID = row["id"]
    return client


async def test_a_page_reads_its_own_devices_and_people(api: Api, database: Database) -> None:
    client_id = await filled(database, api.organisation_id)
    name = database.owner_url.rpartition("/")[2]
    await database.as_owner(f"ALTER DATABASE {name} SET plan_cache_mode = force_generic_plan")
    rule = bound_by(DeviceRule(ignored_names=("*-vdi-*",)), NOW)
    bound = {"organisation_id": api.organisation_id, "rows": 51, **rule}
    of_client, servers = {"client_id": client_id}, {"metric": "servers", "counted": True}
    for listing, table, filters, most in (
        (DEVICES, "superops_assets", {}, 51),
        (DEVICES, "superops_assets", of_client, OF_EACH),
        (DEVICES, "superops_assets", of_client | servers, OF_EACH),
        # whether the same person was told before is looked up besides
        (USERS, "superops_users", of_client, 2 * OF_EACH),
    ):
        statement = page_of(listing, frozenset(filters), "name", goes_on=False)
        plan = await planned(database, api.organisation_id, statement, bound | filters)
        assert looked_at(plan, table) <= most, (table, filters)
        assert plan["Actual Rows"] > 0
        assert (f"ix_{table}_name" in indexes(plan)) is (not filters)
