"""The connection to Xero: apps, states, consents and what they reach, webhooks, slots."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

MINE = "organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid)"
TENANT_TABLES = (
    "oauth_states",
    "provider_slots",
    "webhook_events",
    "xero_apps",
    "xero_consents",
    "xero_tenants",
)


def upgrade() -> None:
    op.create_table(
        "oauth_states",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_oauth_states_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "hash", name=op.f("pk_oauth_states")),
        info={"tenant": True},
    )
    op.create_table(
        "provider_slots",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("lease", sa.UUID(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_provider_slots_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "provider", "slot", name=op.f("pk_provider_slots")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "webhook_events",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_webhook_events_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "provider", "key", name=op.f("pk_webhook_events")
        ),
        info={"tenant": True},
    )
    op.create_table(
        "webhook_routes",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_webhook_routes_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "provider", "tenant_id", "organisation_id", name=op.f("pk_webhook_routes")
        ),
        info={"tenant": False},
    )
    op.create_table(
        "xero_apps",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret", sa.LargeBinary(), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_xero_apps_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_xero_apps")),
        info={"tenant": True},
    )
    op.create_table(
        "xero_consents",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("tokens", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.UUID(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_xero_consents_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_xero_consents")),
        info={"tenant": True},
    )
    op.create_table(
        "xero_tenants",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("consent_id", sa.UUID(), nullable=False),
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "consent_id"],
            ["xero_consents.organisation_id", "xero_consents.id"],
            name=op.f("fk_xero_tenants_xero_consents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_xero_tenants_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "consent_id", "tenant_id", name=op.f("pk_xero_tenants")
        ),
        info={"tenant": True},
    )
    for table in TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own ON {table} TO billingone_app USING ({MINE}) WITH CHECK ({MINE})"
        )
        op.execute(
            f"CREATE POLICY owner ON {table} TO billingone_owner USING (true) WITH CHECK (true)"
        )
    for table in (*TENANT_TABLES, "webhook_routes"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO billingone_app")


def downgrade() -> None:
    op.drop_table("webhook_routes")
    for table in reversed(TENANT_TABLES):
        op.drop_table(table)
