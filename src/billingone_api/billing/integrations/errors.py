"""What people meet who connect Xero or SuperOps, each with a sentence that says what to do."""

from typing import Final

from billingone_api.kit.errors import Conflict, Unavailable

_AGAIN: Final = "Connect Xero again under Settings, Billing integrations."


class AppMissing(Conflict):
    """There is no app in whose name consent could be asked for."""

    code = "xero_app_missing"
    title = "No app at Xero is configured"


class AppRefused(Conflict):
    """Xero does not believe the app its own client id and secret."""

    code = "xero_app_refused"
    title = "Xero does not accept the app"


class StateUnknown(Conflict):
    """Nobody of this organisation began this, or it is long over."""

    code = "oauth_state_unknown"
    title = "This connection was not begun here"

    def __init__(self) -> None:
        super().__init__(f"This connection was not begun here, or long ago. {_AGAIN}")


class StateForeign(Conflict):
    """Somebody else began this, or the same person in another session."""

    code = "oauth_state_foreign"
    title = "This connection was begun by somebody else"

    def __init__(self) -> None:
        super().__init__(f"Somebody else began this, or you in another session. {_AGAIN}")


class StateUsed(Conflict):
    """It was ended before, well or not."""

    code = "oauth_state_used"
    title = "This connection was made already"

    def __init__(self) -> None:
        super().__init__(
            f"This answer of Xero's was used already. See whether it is connected; if not: {_AGAIN}"
        )


class StateExpired(Conflict):
    """It took longer than ten minutes."""

    code = "oauth_state_expired"
    title = "This connection took too long"

    def __init__(self) -> None:
        super().__init__(f"More than ten minutes have passed since you began. {_AGAIN}")


class ConsentRefused(Conflict):
    """The person in front of Xero's page said no, or Xero did: `error` is its word for why."""

    code = "consent_refused"
    title = "Consent was refused in Xero"

    def __init__(self, error: str | None = None) -> None:
        why = "" if error in {None, "access_denied"} else f" (Xero says {error})"
        super().__init__(f"Access was not allowed in Xero{why}, so that nothing changed. {_AGAIN}")


class CodeRefused(Conflict):
    """Xero does not take back the code it gave."""

    code = "consent_code_refused"
    title = "Xero does not take the code"

    def __init__(self) -> None:
        super().__init__(f"Xero's answer was too old or was used elsewhere. {_AGAIN}")


class ConsentIncomplete(Conflict):
    """The consent does not cover what is read."""

    code = "consent_incomplete"
    title = "The consent does not cover what is needed"


class NothingReached(Conflict):
    """No organisation was picked, or accountants' practices alone."""

    code = "consent_without_organisation"
    title = "The consent reaches no organisation"

    def __init__(self) -> None:
        super().__init__(
            "Pick an organisation in Xero: a practice has no invoices of its own. " + _AGAIN
        )


class NotConsented(Conflict):
    """No consent that is kept here reaches this organisation."""

    code = "organisation_not_consented"
    title = "There is no consent for this organisation"

    def __init__(self) -> None:
        super().__init__(
            "Choose one of the organisations listed, or connect Xero again and pick this one there."
        )


class XeroAway(Unavailable):
    """Nothing of Xero's could be used while somebody waited.

    It says nothing of trying the same again: the state is used up by then.
    """

    code = "xero_unavailable"
    title = "Xero gave no usable answer"

    def __init__(self, sentence: str) -> None:
        super().__init__(f"{sentence} {_AGAIN}")


class TokenNeeded(Conflict):
    """A token is only saved for the account it was saved with."""

    code = "superops_token_needed"
    title = "A token of SuperOps is needed"

    def __init__(self) -> None:
        super().__init__(
            "No token is saved for this subdomain and region: send one, as SuperOps shows it "
            "under the profile of the user who is to read for us."
        )
