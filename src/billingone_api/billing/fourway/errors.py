"""What can be wrong with a word on a description."""

from billingone_api.kit.errors import Conflict, NotFound


class DescriptionConfirmed(Conflict):
    """The description is known to bill another product: that is to be undone first."""

    code = "description_confirmed"
    title = "The description is confirmed for another product"


class ProductNotFound(NotFound):
    """Pax8 sells no such product, as far as it was read."""

    code = "product_not_found"
    title = "There is no such product"
