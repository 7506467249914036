"""What a code of Xero's buys: the tokens of a consent, and the organisations it reaches."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from billingone_api.billing.integrations.adapters.xero import LONGEST_TEST
from billingone_api.billing.integrations.errors import (
    AppRefused,
    CodeRefused,
    ConsentIncomplete,
    NothingReached,
    XeroAway,
)
from billingone_api.billing.integrations.models import Consented
from billingone_api.kit.cipher import Secret
from billingone_api.providers.errors import CredentialsRejected, PermissionDenied, ProviderError
from billingone_api.providers.xero.connections import Connection
from billingone_api.providers.xero.errors import InvalidGrant, ScopeRefused
from billingone_api.providers.xero.identity import XeroIdentity
from billingone_api.providers.xero.scopes import lacking
from billingone_api.providers.xero.tokens import TokenSet


@dataclass(frozen=True, slots=True)
class Bought:
    """The tokens, and what they reach: one organisation at least."""

    tokens: TokenSet
    reached: Sequence[Connection]


async def buy(
    named: Awaitable[XeroIdentity], code: str, *, verifier: Secret, connected: Consented | None
) -> Bought:
    """In the name of an app, within the time that a person waits.

    Raises the errors of integrations alone.
    """
    try:
        async with asyncio.timeout(LONGEST_TEST):
            identity = await named
            tokens = await identity.exchange(code, verifier=verifier)
            _check_scope(tokens)
            reached = await _reached(identity, tokens, connected)
    except InvalidGrant:
        raise CodeRefused from None
    except (CredentialsRejected, ScopeRefused) as error:
        raise AppRefused(
            f"{error.sentence} Check the app under Settings, Billing integrations, or ask who "
            "runs BillingOne."
        ) from error
    except PermissionDenied as error:
        raise ConsentIncomplete(error.sentence) from error
    except ProviderError as error:
        raise XeroAway(error.sentence) from error
    except TimeoutError:
        raise XeroAway("Xero took too long to answer.") from None
    if not reached:
        raise NothingReached
    return Bought(tokens, reached)


async def _reached(
    identity: XeroIdentity, tokens: TokenSet, connected: Consented | None
) -> Sequence[Connection]:
    """What was picked; and what is connected, which Xero leaves out where another was added."""
    picked = await identity.consented(tokens)
    wanted = connected and connected.tenant_id
    if wanted is None or any(one.tenant_id == wanted for one in picked):
        return picked
    others = await identity.connections(tokens)
    return [*picked, *(one for one in others if one.tenant_id == wanted)]


def _check_scope(tokens: TokenSet) -> None:
    missing = lacking(tokens.scopes)
    if missing:
        raise ConsentIncomplete(
            f"The consent leaves out: {', '.join(missing)}. Connect Xero again and leave "
            "everything ticked."
        )
