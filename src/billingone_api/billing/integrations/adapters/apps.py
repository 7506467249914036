"""An organisation's own app at Xero, in PostgreSQL; its secret is sealed."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import DateTime, LargeBinary, Text, bindparam, delete, select
from sqlalchemy.dialects.postgresql import UUID, insert

from billingone_api.billing.integrations.models import ClientCredentials, CredentialsUnreadable
from billingone_api.database.fast import Prepared, Row, fetch_one, prepare
from billingone_api.database.sealed import app_place
from billingone_api.database.tables.consents import xero_apps
from billingone_api.database.tenancy import own
from billingone_api.database.unit_of_work import UnitOfWork
from billingone_api.kit.cipher import Cipher, DecryptionFailed, Secret

_row: Final = xero_apps.c
_FIND: Final = prepare(select(_row.client_id, _row.client_secret).where(own(xero_apps)))
_NEW: Final = insert(xero_apps).values(
    organisation_id=bindparam("organisation_id", type_=UUID(as_uuid=True)),
    client_id=bindparam("new_id", type_=Text),
    client_secret=bindparam("sealed", type_=LargeBinary),
    saved_by=bindparam("by", type_=Text),
    saved_at=bindparam("at", type_=DateTime(timezone=True)),
)
_SAVE: Final = prepare(
    _NEW.on_conflict_do_update(
        index_elements=list(xero_apps.primary_key.columns),
        set_={
            name: _NEW.excluded[name]
            for name in ("client_id", "client_secret", "saved_by", "saved_at")
        },
    )
)
_REMOVE: Final = prepare(delete(xero_apps).where(own(xero_apps)))


class PostgresApps:
    """The own app of the organisation that a unit of work is for."""

    def __init__(self, work: UnitOfWork, cipher: Cipher) -> None:
        self._work = work
        self._cipher = cipher

    async def find(self) -> ClientCredentials | None:
        """Raises CredentialsUnreadable."""
        row = await self._run(_FIND)
        if row is None:
            return None
        try:
            secret = self._cipher.decrypt(row["client_secret"], context=self._place())
        except DecryptionFailed as error:
            raise CredentialsUnreadable(
                "The saved app cannot be read any more. Save its secret here again."
            ) from error
        return ClientCredentials(row["client_id"], Secret(secret.decode()))

    async def client_id(self) -> str | None:
        """What may be shown of it."""
        row = await self._run(_FIND)
        return None if row is None else row["client_id"]

    async def save(self, app: ClientCredentials, *, by: str, at: datetime) -> None:
        secret = app.client_secret.reveal().encode()
        sealed = self._cipher.encrypt(secret, context=self._place())
        await self._run(_SAVE, new_id=app.client_id, sealed=sealed, by=by, at=at)

    async def remove(self) -> None:
        await self._run(_REMOVE)

    def _place(self) -> tuple[str, ...]:
        return app_place(self._work.organisation_id)

    async def _run(self, prepared: Prepared, **values: Any) -> Row | None:
        return await fetch_one(
            self._work.connection, prepared, organisation_id=self._work.organisation_id, **values
        )
