"""What SuperOps does beside the errors of every third party, each a kind of one of those.

CredentialsRejected
└── SubdomainUnknown    the subdomain is none of theirs, or not in this region
PermissionDenied
└── SubscriptionEnded   their trial expired, or their subscription is paused or cancelled
ProviderUnavailable
└── QueryFailed         they answered, and only that they failed; one record may be the reason
MalformedAnswer
└── SelectionRefused    they do not know what was asked, or not in this way
"""

from billingone_api.providers.errors import (
    CredentialsRejected,
    MalformedAnswer,
    PermissionDenied,
    ProviderUnavailable,
)


class SubdomainUnknown(CredentialsRejected):
    """A new token does not help; another subdomain or region does."""


class SubscriptionEnded(PermissionDenied):
    """No right at SuperOps helps; their subscription does."""


class QueryFailed(ProviderUnavailable):
    """One field that they cannot write out fails the whole answer (contract page, 3).

    Where it stays with one invoice and others are answered, that invoice is to be put aside.
    """


class SelectionRefused(MalformedAnswer):
    """Asking again would bring the same; asking for fewer fields may not."""
