"""Documents that the schema does not take: HTTP 200, and the words of graphql-java."""

from typing import Any

import pytest
from tests.sandbox.superops.conftest import CLIENTS, INVOICES, LISTS, Caller, document


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            INVOICES.replace("client ", "client { name } "),
            (
                "Validation error (SubSelectionNotAllowed@[getInvoiceList/invoices/client]) : "
                "Sub selection not allowed on leaf type 'JSON' of field 'client'"
            ),
        ),
        (
            INVOICES.replace("site ", "currency "),
            (
                "Validation error (FieldUndefined@[getInvoiceList/invoices/currency]) : "
                "Field 'currency' in type 'Invoice' is undefined"
            ),
        ),
        (
            document("getInvoice", "invoiceId taxes"),
            (
                "Validation error (SubSelectionRequired@[getInvoice/taxes]) : "
                "Sub selection required for type '[InvoiceTaxItem]' of field 'taxes'"
            ),
        ),
        (
            CLIENTS.replace("ListInfoInput!", "String!"),
            (
                "Validation error (VariableTypeMismatch@[getClientList]) : "
                "Variable type 'String!' does not match expected type 'ListInfoInput!'"
            ),
        ),
        (
            "{ getClientList { clients { name } } }",
            (
                "Validation error (MissingFieldArgument@[getClientList]) : "
                "Missing field argument 'input'"
            ),
        ),
    ],
)
async def test_a_document_against_the_schema_is_told_in_words_that_are_known(
    caller: Caller, query: str, message: str
) -> None:
    answer = await caller.post(query, page=1, pageSize=1)
    assert answer.status_code == 200
    body = answer.json()
    assert body["data"] is None
    [error] = body["errors"]
    assert error["message"] == message
    assert error["extensions"] == {"classification": "ValidationError"}
    assert error["locations"][0]["line"] == 1


@pytest.mark.parametrize(
    ("query", "classification"),
    [
        ("query {", "InvalidSyntax"),
        ("", "InvalidSyntax"),
        ("mutation { createInvoice { invoiceId } }", "ValidationError"),
        ("fragment Lonely on Client { name }", "ValidationError"),
    ],
)
async def test_what_is_no_query_is_told_with_http_200(
    caller: Caller, query: str, classification: str
) -> None:
    answer = await caller.post(query)
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    for error in answer.json()["errors"]:
        assert error["message"]
        assert error["extensions"]["classification"] == classification


@pytest.mark.parametrize("given", [{"page": "first"}, {"pages": 1}, {"sort": [{"order": "UP"}]}])
async def test_variables_that_do_not_fit_their_type_are_told(
    caller: Caller, given: dict[str, Any]
) -> None:
    body = (await caller.post(CLIENTS, **given)).json()
    assert body["data"] is None
    [error] = body["errors"]
    assert error["message"].startswith("Variable '$input' has invalid value")
    assert error["extensions"] == {"classification": "ValidationError"}


@pytest.mark.parametrize(
    "given",
    [
        {"sort": [{"attribute": "lastCommunicatedTime", "order": "DESC"}]},
        {"condition": {"attribute": "name", "operator": "equals", "value": "x"}},
        {"pageSize": 101},
        {"pageSize": 0},
        {"page": -1},
    ],
)
@pytest.mark.parametrize("operation", LISTS)
async def test_a_list_refuses_sorts_filters_and_pages_it_does_not_take(
    caller: Caller, operation: str, given: dict[str, Any]
) -> None:
    assert await caller.refused(LISTS[operation][0], **given) == "type_validation_failed"


async def test_a_field_that_this_server_lacks_is_undefined(caller: Caller) -> None:
    query = document("getAssetList", "assets { assetId platformCategory }")
    assert (await caller.answer(query, page=1))["assets"]
    await caller.order("/fields", {"undefined": ["Asset.platformCategory"]})
    [error] = (await caller.post(query, page=1)).json()["errors"]
    assert "FieldUndefined@[getAssetList/assets/platformCategory]" in error["message"]
    await caller.order("/fields", {})
    assert (await caller.answer(query, page=1))["assets"]


async def test_a_field_that_cannot_be_written_takes_its_whole_page_with_it(caller: Caller) -> None:
    query = document("getInvoiceList", "invoices { invoiceId items { itemId tax } }")
    assert (await caller.answer(query, page=1))["invoices"]
    await caller.order("/fields", {"unwritable": ["InvoiceItem.tax"]})
    assert (await caller.post(query, page=1)).json() == {
        "errors": [{"message": "Internal Server Error(s) while executing query"}],
        "data": {"getInvoiceList": None},
    }
    assert (await caller.answer(INVOICES, page=1))["invoices"]


async def test_the_documented_but_unconfirmed_fields_are_there_by_default(caller: Caller) -> None:
    query = document(
        "getInvoiceList",
        "invoices { items { tax serviceItem taxAmount totalAmount invoice { invoiceId } } }",
    )
    [invoice] = (await caller.answer(query, page=1, pageSize=1))["invoices"]
    assert all(item["tax"]["name"] == "GST" for item in invoice["items"])
    query = document("getAssetList", "assets { platformFamily platformCategory }")
    for asset in (await caller.answer(query, page=1, pageSize=100))["assets"]:
        assert asset["platformCategory"] in {"WORKSTATION", "SERVER"}
