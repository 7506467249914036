"""The list of devices: whose each is, what it counts as, and whether it is counted."""

from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.types import Boolean

from billingone_api.billing.counts.adapters.devices import (
    WORDS,
    is_company_of,
    is_link_of,
    is_read,
    kinds,
    left_out,
)
from billingone_api.billing.counts.models import SUPEROPS
from billingone_api.billing.inventory.models import NotCounted
from billingone_api.database.listings import Listing, words_in
from billingone_api.database.tables.clients import client_links, clients
from billingone_api.database.tables.superops import superops_assets, superops_clients
from billingone_api.database.tenancy import own
from billingone_api.database.words import word

_OF: Final = superops_assets.c
_COMPANY: Final = superops_clients.c
_NONE: Final = word("")
_METRIC: Final = bindparam("metric", type_=Text)
_KINDS: Final = kinds(WORDS)
# Before anything that SuperOps tells: devices that were never seen come first.
_NEVER: Final = literal_column("timestamptz '1900-01-01 00:00:00+00'", DateTime(timezone=True))
_OWNED: Final = superops_clients.outerjoin(client_links, is_link_of(_COMPANY.source_id)).outerjoin(
    clients, own(clients) & (clients.c.id == client_links.c.client_id)
)
FROM: Final = superops_assets.outerjoin(_OWNED, is_company_of(superops_assets))


def _reason() -> ColumnElement[Any]:
    is_nobodys = client_links.c.client_id.is_(None)
    return case((is_nobodys, word(NotCounted.UNMAPPED)), else_=left_out())


def _metrics() -> ColumnElement[Any]:
    each = (case((is_one, word(metric))) for metric, is_one in _KINDS.items())
    return func.array_remove(array(each), None, type_=ARRAY(Text))


IS_LISTED: Final = is_read(superops_assets)
_REASON: Final = _reason()
COLUMNS: Final = {
    "source": word(SUPEROPS),
    "source_id": _OF.source_id,
    "client_id": client_links.c.client_id,
    "client_name": clients.c.name,
    "company_id": _OF.client_source_id,
    "company_name": _COMPANY.name,
    "name": _OF.name,
    "host_name": _OF.host_name,
    "serial_number": _OF.serial_number,
    "asset_class": _OF.asset_class,
    "device_category": _OF.device_category,
    "platform": _OF.platform,
    "source_status": _OF.source_status,
    "last_seen_at": _OF.last_seen_at,
    "metrics": _metrics(),
    "counted": _REASON.is_(None),
    "reason": _REASON,
}
DEVICES: Final = Listing(
    name="devices",
    rows=select(*(column.label(name) for name, column in COLUMNS.items()))
    .select_from(FROM)
    .where(IS_LISTED),
    filters={
        "q": words_in(func.concat_ws(word(" "), _OF.name, _OF.host_name, _OF.serial_number)),
        "client_id": client_links.c.client_id == bindparam("client_id", type_=Uuid()),
        "metric": or_(*(and_(word(name) == _METRIC, is_one) for name, is_one in _KINDS.items())),
        "counted": _REASON.is_(None) == bindparam("counted", type_=Boolean),
        "reason": bindparam("reason", type_=ARRAY(Text)).any_() == _REASON,
    },
    sorts={
        "name": func.coalesce(_OF.name, _OF.host_name, _NONE),
        "client": func.coalesce(clients.c.name, _NONE),
        "last_seen_at": func.coalesce(_OF.last_seen_at, _NEVER),
    },
    key=_OF.source_id,
    moving=frozenset({"idle_since"}),
)
