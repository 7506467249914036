"""Calls the functions of openapi/examples/finance.py and prints what they gave."""

import asyncio
import json
import sys
from uuid import UUID, uuid4

import finance
from billingone import AuthenticatedClient


async def refused(base_url: str) -> list[object]:
    stranger = AuthenticatedClient(base_url=base_url, token="no token")
    try:
        return [client.name async for client in finance.clients_by_mrr(stranger)]
    except finance.RefusedError as error:
        return [True, error.code]


async def main(base_url: str, token: str, company: str, client: str) -> None:
    api = AuthenticatedClient(base_url=base_url, token=token)
    linked = await finance.link(api, company, UUID(client))
    totals = await finance.mrr_by_currency(api)
    attempt = str(uuid4())
    syncs = [await finance.sync(api, attempt), await finance.sync(api, attempt)]
    told = {
        "linked": [str(linked.client_id) == client, linked.moved_subscriptions],
        "unknown": await finance.link(api, company, uuid4()),
        "totals": {currency: str(total) for currency, total in totals.items()},
        "clients": [one.name async for one in finance.clients_by_mrr(api)],
        "changed": [await finance.prices_are(api, "buy"), await finance.prices_are(api, "sell")],
        "synced": [syncs[0].status, syncs[0].id == syncs[1].id],
        "refused": await refused(base_url),
    }
    print(json.dumps(told))  # noqa: T201 - what the test reads


asyncio.run(main(*sys.argv[1:]))
