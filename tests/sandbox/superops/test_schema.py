"""The names and types of SuperOps' schema, written down once more from its documentation."""

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType

from billingone_api.sandbox.superops.schema import check_field, schema

OBJECTS = {
    "Client": "accountId:ID! name:String! stage:String! status:String emailDomains:[String] "
    "accountManager:JSON primaryContact:JSON secondaryContact:JSON hqSite:JSON "
    "technicianGroups:JSON customFields:JSON",
    "ClientList": "clients:[Client] listInfo:ListInfo",
    "Invoice": "invoiceId:ID! displayId:String! client:JSON site:JSON invoiceDate:String! "
    "dueDate:String statusEnum:InvoiceStatus sentToClient:Boolean items:[InvoiceItem] "
    "taxes:[InvoiceTaxItem] discountAmount:String additionalDiscount:String "
    "additionalDiscountRate:String totalAmount:String notes:String paymentDate:String "
    "paymentMethod:JSON paymentReference:String invoicePaymentTerm:JSON",
    "InvoiceItem": "itemId:ID! billedDate:String! details:String quantity:String! "
    "unitPrice:String! discountRate:String amount:String taxable:Boolean tax:JSON "
    "serviceItem:JSON taxAmount:String totalAmount:String invoice:Invoice",
    "InvoiceTaxItem": "id:ID! tax:JSON! taxRate:String! taxableAmount:String! taxAmount:String! "
    "rate:JSON!",
    "InvoiceList": "invoices:[Invoice] listInfo:ListInfo",
    "Asset": "assetId:ID name:String! assetClass:JSON! client:JSON! site:JSON! requester:JSON! "
    "primaryMac:String loggedInUser:String serialNumber:String manufacturer:String model:String "
    "hostName:String publicIp:String gateway:String platform:String domain:String status:String "
    "sysUptime:String lastCommunicatedTime:String lastReportedTime:String agentVersion:String "
    "platformFamily:String platformCategory:String platformVersion:String patchStatus:String "
    "warrantyExpiryDate:String purchasedDate:String customFields:JSON deviceCategory:JSON",
    "AssetList": "assets:[Asset] listInfo:ListInfo",
    "ClientUser": "userId:ID! firstName:String! lastName:String name:String! email:String! "
    "contactNumber:String reportingManager:JSON site:JSON role:JSON! client:JSON "
    "customFields:JSON",
    "ClientUserAssociation": "id:ID! client:Client! site:ClientSite! user:ClientUser!",
    "ClientUserAssociationList": "associations:[ClientUserAssociation] listInfo:ListInfo",
    "ListInfo": "page:Int pageSize:Int sort:[Sort] condition:JSON hasMore:Boolean totalCount:Int",
    "Sort": "attribute:String order:SortOrder",
    "Query": "getClientList:ClientList getInvoiceList:InvoiceList getInvoice:Invoice "
    "getAssetList:AssetList getClientUserAssociationList:ClientUserAssociationList",
}
# Of a site, what its agent installer and its holidays are is left out.
SITE = (
    "id:ID! name:String! timezoneCode:String! working24x7:Boolean! city:String "
    "postalCode:String countryCode:String stateCode:String client:JSON! hq:Boolean"
)
INPUTS = {
    "ListInfoInput": "page:Int pageSize:Int condition:RuleConditionInput sort:[SortInput]",
    "InvoiceIdentifierInput": "invoiceId:ID!",
    "SortInput": "attribute:String order:SortOrder",
}
ENUMS = {
    "InvoiceStatus": "DRAFT APPROVED PAID OVERDUE VOID",
    "SortOrder": "ASC DESC",
}


@pytest.mark.parametrize(("name", "fields"), [*OBJECTS.items(), ("ClientSite", SITE)])
def test_an_object_has_the_fields_it_is_documented_with(name: str, fields: str) -> None:
    built = schema().type_map[name]
    assert isinstance(built, GraphQLObjectType)
    assert {f"{field}:{one.type}" for field, one in built.fields.items()} == set(fields.split())


@pytest.mark.parametrize(("name", "fields"), INPUTS.items())
def test_an_input_takes_what_is_documented(name: str, fields: str) -> None:
    built = schema().type_map[name]
    assert isinstance(built, GraphQLInputObjectType)
    assert {f"{field}:{one.type}" for field, one in built.fields.items()} == set(fields.split())


@pytest.mark.parametrize(("name", "words"), ENUMS.items())
def test_an_enum_has_the_words_it_is_documented_with(name: str, words: str) -> None:
    built = schema().type_map[name]
    assert isinstance(built, GraphQLEnumType)
    assert list(built.values) == words.split()


def test_every_operation_takes_one_input() -> None:
    query = schema().query_type
    assert query is not None
    for name, field in query.fields.items():
        asked = "InvoiceIdentifierInput!" if name == "getInvoice" else "ListInfoInput!"
        assert {key: str(one.type) for key, one in field.args.items()} == {"input": asked}


def test_nothing_can_be_written() -> None:
    assert schema().mutation_type is None


def test_a_field_can_be_taken_away_without_harm_to_the_rest() -> None:
    poorer = schema(frozenset({"Asset.platformCategory"})).type_map["Asset"]
    whole = schema().type_map["Asset"]
    assert isinstance(poorer, GraphQLObjectType)
    assert isinstance(whole, GraphQLObjectType)
    assert set(whole.fields) - set(poorer.fields) == {"platformCategory"}


@pytest.mark.parametrize("path", ["Asset.colour", "Planet.name", "Asset", "", "JSON.name"])
def test_a_field_that_is_none_is_told(path: str) -> None:
    with pytest.raises(ValueError, match="no field"):
        check_field(path)
