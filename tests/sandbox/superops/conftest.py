"""SuperOps on a real socket, and a caller with a token of its administrator."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from httpx import AsyncClient, Response

from billingone_api.sandbox.app import Sandbox
from billingone_api.sandbox.superops.room import US, Superops

ADMINISTRATORS: Final = "bluegum-superops-token"
TECHNICIANS: Final = "bluegum-superops-technician"
HELPDESKS: Final = "bluegum-superops-helpdesk"
EUROPES: Final = "bluegum-superops-europe"

LIST_INFO: Final = "listInfo { page pageSize hasMore totalCount }"


def document(operation: str, selection: str) -> str:
    asked = "InvoiceIdentifierInput!" if operation == "getInvoice" else "ListInfoInput!"
    return f"query {operation}($input: {asked}) {{ {operation}(input: $input) {{ {selection} }} }}"


# What is known to be accepted (contract, 5 to 8).
CLIENTS: Final = document(
    "getClientList",
    "clients { accountId name stage status emailDomains accountManager primaryContact hqSite } "
    + LIST_INFO,
)
INVOICES: Final = document(
    "getInvoiceList",
    "invoices { invoiceId displayId client site invoiceDate dueDate statusEnum sentToClient "
    f"totalAmount paymentDate }} {LIST_INFO}",
)
INVOICE: Final = document(
    "getInvoice",
    "invoiceId displayId client site invoiceDate dueDate statusEnum sentToClient discountAmount "
    "additionalDiscount additionalDiscountRate totalAmount notes paymentDate paymentMethod "
    "paymentReference invoicePaymentTerm taxes { id tax taxRate taxableAmount taxAmount rate } "
    "items { itemId billedDate details quantity unitPrice discountRate amount taxable }",
)
ASSETS: Final = document(
    "getAssetList",
    "assets { assetId name assetClass client site status platform lastCommunicatedTime "
    f"patchStatus deviceCategory hostName serialNumber agentVersion }} {LIST_INFO}",
)
PEOPLE: Final = document(
    "getClientUserAssociationList",
    f"associations {{ id client {{ accountId name }} site {{ id name }} user {{ userId name }} }} "
    f"{LIST_INFO}",
)
LISTS: Final = {
    "getClientList": (CLIENTS, "clients"),
    "getInvoiceList": (INVOICES, "invoices"),
    "getAssetList": (ASSETS, "assets"),
    "getClientUserAssociationList": (PEOPLE, "associations"),
}

Rows = list[dict[str, Any]]


@dataclass
class Caller:
    """Somebody who asks SuperOps, and the practice ground's control door."""

    http: AsyncClient
    token: str = ADMINISTRATORS
    subdomain: str = US
    region: str = "us"

    async def post(self, query: str, **given: Any) -> Response:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "CustomerSubDomain": self.subdomain,
        }
        body = {"query": query, "variables": {"input": given}}
        return await self.http.post(f"/superops/{self.region}/msp", json=body, headers=headers)

    async def answer(self, query: str, **given: Any) -> Any:
        """The one operation's data, where all went well."""
        answer = await self.post(query, **given)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert "errors" not in body, answer.text
        [data] = body["data"].values()
        return data

    async def refused(self, query: str = CLIENTS, **given: Any) -> str:
        """The code of what went wrong, at HTTP 200."""
        answer = await self.post(query, **({"page": 1, "pageSize": 1} | given))
        assert answer.status_code == 200
        [error] = answer.json()["errors"]
        [client_error] = error["extensions"]["clientError"]
        return str(client_error["code"])

    async def everything(self, operation: str, size: int = 100) -> Rows:
        query, kind = LISTS[operation]
        rows: Rows = []
        page = 1
        while True:
            got = await self.answer(query, page=page, pageSize=size)
            rows += got[kind]
            if got["listInfo"]["hasMore"] is not True:
                return rows
            page += 1

    async def order(self, path: str, body: Any) -> Any:
        """Something done at the control door."""
        answer = await self.http.post(f"/_sandbox/superops{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def superops(sandbox: Sandbox) -> Superops:
    sandbox.superops.lift(None)
    return sandbox.superops


@pytest.fixture
async def caller(served: str, superops: Superops) -> AsyncIterator[Caller]:
    async with AsyncClient(base_url=served) as http:
        yield Caller(http)
