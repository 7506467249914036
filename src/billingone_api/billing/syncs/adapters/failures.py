"""What stopped a run, told apart by the errors of our providers."""

from billingone_api.billing.syncs.models import Failure, ProblemCode
from billingone_api.providers.errors import (
    CredentialsRejected,
    PermissionDenied,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
)
from billingone_api.providers.superops.errors import SubdomainUnknown, SubscriptionEnded
from billingone_api.providers.xero.errors import InvalidGrant, ScopeMissing, TenantLost

OURS = "Something went wrong on our side."


_FOR_A_PERSON = (
    (InvalidGrant, ProblemCode.RECONNECT),
    (ScopeMissing, ProblemCode.SCOPE_MISSING),
    (TenantLost, ProblemCode.ORGANISATION_LOST),
    (SubdomainUnknown, ProblemCode.SUBDOMAIN_UNKNOWN),
    (SubscriptionEnded, ProblemCode.SUBSCRIPTION_ENDED),
    (CredentialsRejected, ProblemCode.CREDENTIALS_REJECTED),
    (PermissionDenied, ProblemCode.PERMISSION_DENIED),
)
"""The first that fits: the particular ones before those they are kinds of."""


def failure_of(error: Exception) -> Failure:
    for kind, code in _FOR_A_PERSON:
        if isinstance(error, kind):
            return Failure(code, str(error))
    match error:
        case ProviderRateLimited():
            return Failure(ProblemCode.RATE_LIMITED, error.sentence, error.retry_after)
        case ProviderUnavailable():
            return Failure(ProblemCode.UNAVAILABLE, error.sentence, error.retry_after)
        case ProviderError():
            return Failure(ProblemCode.MALFORMED, error.sentence)
        case _:
            return Failure(ProblemCode.INTERNAL, OURS)
