"""What can be wrong with a link."""

from billingone_api.kit.errors import Conflict, NotFound


class ClientNotFound(NotFound):
    """The client to link does not exist, or is another organisation's: the answer is the same."""

    code = "client_not_found"
    title = "There is no such client"


class ClientRetired(Conflict):
    """The client to link is not active in PanelOne."""

    code = "client_retired"
    title = "The client is retired"
