"""What can be wrong with a word on a description."""

from billingone_api.kit.errors import Conflict


class DescriptionConfirmed(Conflict):
    """The description is known to bill another product: that is to be undone first."""

    code = "description_confirmed"
    title = "The description is confirmed for another product"
