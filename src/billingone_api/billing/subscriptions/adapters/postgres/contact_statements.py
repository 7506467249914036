"""The statements by which the people of companies are kept and forgotten, built once."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Integer,
    Text,
    bindparam,
    column,
    delete,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from billingone_api.billing.subscriptions.adapters.postgres.origin import FROM_PAX8
from billingone_api.billing.subscriptions.models import Contact
from billingone_api.billing.syncs.adapters.sightings import AT
from billingone_api.database.fast import prepare
from billingone_api.database.tables.subscriptions import pax8_companies, pax8_contacts
from billingone_api.database.tables.syncs import quarantined_records
from billingone_api.database.tenancy import own

KIND: Final = "contacts"
FIELDS: Final = tuple(item.name for item in fields(Contact))
KEY: Final = ("company_id", "source_id")
_NEWS: Final = (*(name for name in FIELDS if name not in KEY), "changed_at", "gone_at")
_NOBODY: Final[Mapping[str, Any]] = {"name": None, "email": None, "types": [], "primary_types": []}

_of: Final = pax8_contacts.c
_company: Final = pax8_companies.c
_aside: Final = quarantined_records.c
_COMPANIES: Final = bindparam("companies", type_=ARRAY(Text))


def _saving() -> Any:
    statement = insert(pax8_contacts)
    return statement.on_conflict_do_update(
        index_elements=list(pax8_contacts.primary_key.columns),
        set_={name: statement.excluded[name] for name in _NEWS},
    )


def _is_listed() -> ColumnElement[bool]:
    """The keys come as two arrays, place by place."""
    arrays = (bindparam(name, type_=ARRAY(Text)) for name in ("of_companies", "ids"))
    keys = func.unnest(*arrays).table_valued(*(column(name, Text) for name in KEY), name="keys")
    of = keys.render_derived().c
    return tuple_(_of.company_id, _of.source_id).in_(select(of.company_id, of.source_id))


DUE: Final = prepare(
    select(_company.source_id)
    .where(
        own(pax8_companies),
        _company.gone_at.is_(None),
        or_(
            _company.contacts_read_at.is_(None),
            _company.contacts_read_at < bindparam("since", type_=DateTime(timezone=True)),
        ),
    )
    .order_by(_company.contacts_read_at.nulls_first(), _company.source_id)
    .limit(bindparam("most", type_=Integer))
)
KNOWN: Final = prepare(
    select(*(_of[name] for name in FIELDS), _of.gone_at.is_not(None).label("is_gone")).where(
        own(pax8_contacts), _of.company_id == _COMPANIES.any_()
    )
)
SAVING: Final = _saving()
FORGETTING: Final = prepare(
    update(pax8_contacts)
    .where(own(pax8_contacts), _is_listed())
    .values(gone_at=AT, changed_at=AT, **_NOBODY)
)
FORGETTING_WITH_COMPANIES: Final = prepare(
    update(pax8_contacts)
    .where(
        own(pax8_contacts),
        own(pax8_companies),
        _of.gone_at.is_(None),
        _of.company_id == _company.source_id,
        _company.gone_at.is_not(None),
    )
    .values(gone_at=_company.gone_at, changed_at=_company.gone_at, **_NOBODY)
)
READ: Final = prepare(
    update(pax8_companies)
    .where(own(pax8_companies), _company.source_id == _COMPANIES.any_())
    .values(contacts_read_at=AT)
)
RELEASING: Final = prepare(
    delete(quarantined_records).where(
        own(quarantined_records),
        _aside.source == FROM_PAX8,
        _aside.kind == literal_column(f"'{KIND}'", Text),
        func.split_part(_aside.record_key, literal_column("'/'"), literal_column("1"))
        == _COMPANIES.any_(),
        _aside.record_key != bindparam("still", type_=ARRAY(Text)).all_(),
    )
)
"""Ids of contacts that were put aside begin with their company's."""
