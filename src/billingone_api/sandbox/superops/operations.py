"""What SuperOps answers with: lists by their pages, and one invoice."""

from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLResolveInfo

from billingone_api.sandbox.superops.accounts import Account, Role
from billingone_api.sandbox.superops.collection import Collection
from billingone_api.sandbox.superops.refusals import BlownUp, ClientError
from billingone_api.sandbox.wire import Record

_LARGEST_PAGE: Final = 100
_USUAL_PAGE: Final = 10


@dataclass(frozen=True, slots=True)
class Operations:
    """The queries on behalf of one role; their names are the schema's."""

    account: Account
    role: Role

    def resolve(self, name: str, given: Record) -> Any:
        if name in self.role.forbidden:
            raise ClientError("forbidden")
        match name:
            case "getClientList":
                return self._page(self.account.clients, given)
            case "getInvoiceList":
                return self._page(self.account.invoices, given)
            case "getAssetList":
                return self._page(self.account.assets, given)
            case "getClientUserAssociationList":
                return self._page(self.account.associations, given)
            case _:
                return self._invoice(given["invoiceId"])

    def _invoice(self, key: str) -> Record:
        if key not in self.account.invoices:
            raise ClientError("entity_does_not_exist", {"attributes": ["invoiceId"]})
        return self.account.invoices.get(key)

    def _page(self, collection: Collection, given: Record) -> Record:
        """`hasMore` is true, or null on the last page and beyond; never false."""
        if given.get("condition") or given.get("sort"):
            # Which filters and sorts the real one takes is not known (contract, 4): none here.
            raise ClientError("type_validation_failed", {"attributes": ["condition", "sort"]})
        page, size = _or(1, given.get("page")), _or(_USUAL_PAGE, given.get("pageSize"))
        if page < 1 or not 1 <= size <= _LARGEST_PAGE:
            raise ClientError("type_validation_failed", {"attributes": ["page", "pageSize"]})
        keys = self.account.visible(collection, self.role)
        chosen = keys[(page - 1) * size : page * size]
        if self.account.manners.order_moves:
            collection.turn()
        return {
            collection.kind: [collection.get(key) for key in chosen],
            "listInfo": {
                "page": page,
                "pageSize": size,
                "sort": None,
                "condition": None,
                "hasMore": True if page * size < len(keys) else None,
                "totalCount": len(keys),
            },
        }


def _or(usual: int, given: int | None) -> int:
    return usual if given is None else given


def field_of(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """The resolver of every field: an operation at the root, a record's field below.

    The context are the fields that the server fails to write, as `InvoiceItem.tax`.
    """
    if f"{info.parent_type.name}.{info.field_name}" in info.context:
        raise BlownUp
    if isinstance(source, Operations):
        return source.resolve(info.field_name, arguments["input"])
    return source.get(info.field_name)
