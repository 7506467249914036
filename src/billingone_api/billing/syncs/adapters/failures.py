"""What stopped a run, told apart by the errors of our providers."""

from billingone_api.billing.syncs.models import Failure, ProblemCode
from billingone_api.providers.errors import (
    CredentialsRejected,
    PermissionDenied,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
)

OURS = "Something went wrong on our side."


def failure_of(error: Exception) -> Failure:
    match error:
        case CredentialsRejected():
            return Failure(ProblemCode.CREDENTIALS_REJECTED, error.sentence)
        case PermissionDenied():
            return Failure(ProblemCode.PERMISSION_DENIED, error.sentence)
        case ProviderRateLimited():
            return Failure(ProblemCode.RATE_LIMITED, error.sentence, error.retry_after)
        case ProviderUnavailable():
            return Failure(ProblemCode.UNAVAILABLE, error.sentence, error.retry_after)
        case ProviderError():
            return Failure(ProblemCode.MALFORMED, error.sentence)
        case _:
            return Failure(ProblemCode.INTERNAL, OURS)
