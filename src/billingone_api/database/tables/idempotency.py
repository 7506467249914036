"""What was answered under an idempotency key, for whoever did not hear it."""

from sqlalchemy import Column, DateTime, Index, LargeBinary, func

from billingone_api.database.tenancy import tenant_table

idempotency_keys = tenant_table(
    "idempotency_keys",
    # a digest of principal, operation and key: see kit/idempotency.py
    Column("slot", LargeBinary, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    # encrypted, as an answer may hold a secret that is shown once
    Column("answer", LargeBinary, nullable=False),
    Column("kept_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_idempotency_keys_kept_at", "organisation_id", "kept_at"),
)
