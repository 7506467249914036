"""What can be wrong with a mapping of accounts."""

from billingone_api.kit.errors import Conflict


class BooksMissing(Conflict):
    """No books of Xero are read, so that there is no account to map."""

    code = "books_missing"
    title = "There are no accounts yet"
