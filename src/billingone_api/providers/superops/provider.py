"""What SuperOps's refusals mean."""

from http import HTTPStatus
from typing import Final

from billingone_api.kit.http.errors import HttpError, HttpFailed, HttpRefused
from billingone_api.providers.bearer import Provider
from billingone_api.providers.errors import PermissionDenied, ProviderError
from billingone_api.providers.superops.answers import (
    FORBIDDEN,
    NO_SUCH_RECORD,
    Complaint,
    complaint_in,
)
from billingone_api.providers.superops.errors import (
    QueryFailed,
    SelectionRefused,
    SubdomainUnknown,
    SubscriptionEnded,
)

_ENDED: Final = {
    "subscription_trial_expired": "The trial of SuperOps has ended",
    "subscription_paused": "The subscription to SuperOps is paused",
    "subscription_cancelled": "The subscription to SuperOps is cancelled",
}


class SuperOpsProvider(Provider):
    """Tells SuperOps's refusals apart by their codes: nearly all of them are answers of success."""

    __slots__ = ()

    def failure(self, error: HttpError, *, what: str) -> ProviderError:
        """What a call that brought no answer to read means; `what` was to be read."""
        if told := complaint_in(error):
            return self.complained(told, what=what)
        match error:
            case HttpFailed():
                return self._failed(what)
            case HttpRefused(status=HTTPStatus.BAD_REQUEST) if not error.body.strip():
                return SubdomainUnknown(
                    "SuperOps does not know this subdomain in this region. Check both: the "
                    "subdomain is what stands before .superops.ai where you open SuperOps.",
                    provider=self.key,
                )
            case HttpRefused(status=HTTPStatus.FORBIDDEN):
                return self._denied(what)
            case HttpRefused(status=HTTPStatus.NOT_FOUND):
                return self.malformed("there is no API at its address")
            case _:
                return self.translated(error)

    def complained(self, told: Complaint, *, what: str) -> ProviderError:
        """What the errors of an answer mean."""
        for code, sentence in _ENDED.items():
            if code in told.codes:
                return SubscriptionEnded(f"{sentence}. Renew it there.", provider=self.key)
        if FORBIDDEN in told.codes:
            return self._denied(what)
        if NO_SUCH_RECORD in told.codes:
            return self.not_found()
        if told.is_blow_up:
            return self._failed(what)
        reason = ", ".join(sorted(told.faults or told.codes)) or "no reason given"
        return SelectionRefused(
            f"SuperOps refuses a question it documents, about {what}: {reason}.",
            provider=self.key,
        )

    def _failed(self, what: str) -> QueryFailed:
        return QueryFailed(
            f"SuperOps fails at reading {what} at the moment; try again later.", provider=self.key
        )

    def _denied(self, what: str) -> PermissionDenied:
        return PermissionDenied(
            f"SuperOps does not let us read {what}. {self.permit}", provider=self.key
        )


SUPEROPS: Final = SuperOpsProvider(
    key="superops",
    name="SuperOps",
    renew="Create a new API token in SuperOps and save it here.",
    permit="Give the user whose token this is a role in SuperOps that may see them all.",
)
