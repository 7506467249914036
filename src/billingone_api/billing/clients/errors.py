"""What can be wrong with a link, a merge or taking one back."""

from billingone_api.kit.errors import Conflict, InvalidRequest, NotFound


class ClientNotFound(NotFound):
    """The client to link does not exist, or is another organisation's: the answer is the same."""

    code = "client_not_found"
    title = "There is no such client"


class ClientRetired(Conflict):
    """The client to link is not active in PanelOne."""

    code = "client_retired"
    title = "The client is retired"


class MergeIntoItself(InvalidRequest):
    """The client to merge and the one it would be merged into are the same."""

    code = "merge_into_itself"
    title = "A client cannot be merged into itself"


class MergeCycle(Conflict):
    """The other client was merged into this one, perhaps by way of others."""

    code = "merge_cycle"
    title = "The merges would go round in a circle"


class ClientMergedAway(Conflict):
    """The client that is to get the records has given its own to another."""

    code = "client_merged"
    title = "The client was merged into another"


class DeedUndone(Conflict):
    """What is to be undone has been undone."""

    code = "deed_undone"
    title = "It has been undone already"


class DeedOvertaken(Conflict):
    """The records stand differently by now than the deed left them."""

    code = "deed_overtaken"
    title = "Something later changed the same records"


class ContactNotFound(NotFound):
    """The address is none of the client's records'."""

    code = "contact_not_found"
    title = "There is no such billing contact"


class CsvUnreadable(InvalidRequest):
    """The file as a whole makes no sense, so that no row of it can be answered."""

    code = "csv_unreadable"
    title = "The file cannot be read"
