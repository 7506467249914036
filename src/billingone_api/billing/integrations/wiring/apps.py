"""The app at Xero in whose name consent is asked for: the organisation's own, or the operator's."""

from collections.abc import Sequence
from dataclasses import dataclass

from billingone_api.billing.access.models import Caller
from billingone_api.billing.integrations.adapters.apps import PostgresApps
from billingone_api.billing.integrations.adapters.xero import app_with, platform_app
from billingone_api.billing.integrations.errors import AppMissing
from billingone_api.billing.integrations.models import (
    XERO,
    ClientCredentials,
    CredentialsUnreadable,
)
from billingone_api.kit.cipher import Secret
from billingone_api.kit.events import changed
from billingone_api.process import Process
from billingone_api.providers.xero.consent import XeroApp
from billingone_api.providers.xero.errors import ClientRejected
from billingone_api.request import Work


@dataclass(frozen=True, slots=True)
class AppShown:
    """What may be shown of the app in whose name consent is asked for."""

    client_id: str | None
    is_own: bool
    redirect_uri: str
    scopes: Sequence[str]


async def app_shown(work: Work, process: Process) -> AppShown:
    own = await PostgresApps(work, process.cipher).client_id()
    settings = process.settings
    app = app_with(settings, own or settings.xero_client_id or "", Secret(""))
    return AppShown(app.client_id or None, own is not None, app.redirect_uri, app.scopes)


async def save_app(work: Work, process: Process, caller: Caller, app: ClientCredentials) -> None:
    apps = PostgresApps(work, process.cipher)
    before = {"client_id": await apps.client_id()}
    at = process.clock.now()
    await apps.save(app, by=caller.label, at=at)
    after = {"client_id": app.client_id, "saved_at": at}
    work.tell(changed("integration.app_saved", "integration", XERO, before=before, after=after))


async def remove_app(work: Work, process: Process) -> None:
    apps = PostgresApps(work, process.cipher)
    client_id = await apps.client_id()
    if client_id is not None:
        await apps.remove()
        before = {"client_id": client_id}
        gone = changed("integration.app_removed", "integration", XERO, before=before, after=None)
        work.tell(gone)


async def app_to_ask_with(work: Work, process: Process) -> XeroApp:
    """The organisation's own, or else the operator's; its secret is not needed yet."""
    shown = await app_shown(work, process)
    if shown.client_id is None:
        raise AppMissing(
            "Save your own app at Xero first, or ask who runs BillingOne to configure one."
        )
    return app_with(process.settings, shown.client_id, Secret(""))


async def app_of(work: Work, process: Process, client_id: str) -> XeroApp:
    """The app a consent was given to, as it is configured today; raises ClientRejected."""
    if client_id == await PostgresApps(work, process.cipher).client_id():
        own = await _own(work, process)
        if own is not None:
            return own
    app = platform_app(process.settings)
    if app is not None and app.client_id == client_id:
        return app
    raise ClientRejected(
        "The app at Xero that this consent was given to is not configured here any more. "
        "Reconnect Xero.",
        provider=XERO,
    )


async def _own(work: Work, process: Process) -> XeroApp | None:
    try:
        own = await PostgresApps(work, process.cipher).find()
    except CredentialsUnreadable as error:
        raise ClientRejected(str(error), provider=XERO) from error
    if own is None:
        return None
    return app_with(process.settings, own.client_id, own.client_secret)
