"""The foundation: organisations, clients, integrations, syncs and subscriptions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

TENANT_TABLES = (
    "client_links",
    "clients",
    "exchange_rates",
    "integrations",
    "organisation_settings",
    "pax8_companies",
    "products",
    "provider_limits",
    "provider_tokens",
    "quarantined_records",
    "revocations",
    "subscription_versions",
    "subscriptions",
    "sync_members",
    "sync_runs",
    "sync_seen",
    "sync_steps",
    "syncs",
)
DIRECTORY_TABLES = (
    "due_work",
    "organisations",
)
MINE = "organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid)"


def upgrade() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
    )
    op.create_table(
        "clients",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("pax8_company_id", sa.Text(), nullable=True),
        sa.Column("xero_contact_id", sa.Text(), nullable=True),
        sa.Column("superops_client_id", sa.Text(), nullable=True),
        sa.Column("tax_number", sa.Text(), nullable=True),
        sa.Column("domains", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_clients_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_clients")),
    )
    op.create_index("ix_clients_name", "clients", ["organisation_id", "name", "id"], unique=False)
    op.create_index(
        "ix_clients_pax8_company_id",
        "clients",
        ["organisation_id", "pax8_company_id"],
        unique=False,
    )
    op.create_table(
        "due_work",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.UUID(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_due_work_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "kind", "key", name=op.f("pk_due_work")),
    )
    op.create_index("ix_due_work_due_at", "due_work", ["due_at"], unique=False)
    op.create_table(
        "exchange_rates",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reporting_currency", sa.Text(), nullable=False),
        sa.Column("valid_on", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column(
            "entered_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("rate > 0 AND rate < 1000000000", name=op.f("ck_exchange_rates_rate")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_exchange_rates_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id",
            "currency",
            "reporting_currency",
            "valid_on",
            name=op.f("pk_exchange_rates"),
        ),
    )
    op.create_table(
        "integrations",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.UUID(), nullable=False),
        sa.Column("auth_mode", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("attention", sa.Text(), nullable=True),
        sa.Column("attention_code", sa.Text(), nullable=True),
        sa.Column("attention_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("schedule_minutes", sa.Integer(), nullable=True),
        sa.Column("connected_by", sa.Text(), nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("schedule_minutes >= 5", name=op.f("ck_integrations_schedule_minutes")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_integrations_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "provider", name=op.f("pk_integrations")),
    )
    op.create_table(
        "organisation_settings",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("reporting_currency", sa.Text(), nullable=False),
        sa.Column(
            "pushed",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("pax8_price_is", sa.Text(), server_default="sell", nullable=False),
        sa.Column("annual_price_is", sa.Text(), server_default="year", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "annual_price_is IN ('year', 'month')",
            name=op.f("ck_organisation_settings_annual_price_is"),
        ),
        sa.CheckConstraint(
            "pax8_price_is IN ('sell', 'buy')", name=op.f("ck_organisation_settings_pax8_price_is")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_organisation_settings_organisations"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisation_settings")),
    )
    op.create_table(
        "pax8_companies",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_pax8_companies_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "source_id", name=op.f("pk_pax8_companies")),
    )
    op.create_table(
        "products",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("vendor_name", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("vendor_sku", sa.Text(), nullable=True),
        sa.Column("usage_evidence", sa.Text(), nullable=True),
        sa.Column("usage_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("usage_billed_by_hand", sa.Boolean(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_products_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "source", "source_id", name=op.f("pk_products")),
    )
    op.create_table(
        "provider_limits",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_provider_limits_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "provider", name=op.f("pk_provider_limits")),
    )
    op.create_table(
        "provider_tokens",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.UUID(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.UUID(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_provider_tokens_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "provider", name=op.f("pk_provider_tokens")),
    )
    op.create_table(
        "quarantined_records",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_quarantined_records_organisations"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "source", "kind", "record_key", name=op.f("pk_quarantined_records")
        ),
    )
    op.create_table(
        "revocations",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issued_before", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_revocations_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "subject", name=op.f("pk_revocations")),
    )
    op.create_table(
        "subscription_versions",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("company_id", sa.Text(), nullable=True),
        sa.Column("product_id", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(), nullable=True),
        sa.Column("price", sa.Numeric(), nullable=True),
        sa.Column("partner_cost", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("billing_term", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("commitment_term", sa.Text(), nullable=True),
        sa.Column("commitment_ends_on", sa.Date(), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_id", sa.UUID(), nullable=True),
        sa.Column("usage_billed", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_subscription_versions_organisations"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "subscription_id", "version", name=op.f("pk_subscription_versions")
        ),
    )
    op.create_table(
        "subscriptions",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("source_status", sa.Text(), nullable=True),
        sa.Column("company_id", sa.Text(), nullable=True),
        sa.Column("product_id", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(), nullable=True),
        sa.Column("price", sa.Numeric(), nullable=True),
        sa.Column("partner_cost", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("billing_term", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("commitment_term", sa.Text(), nullable=True),
        sa.Column("commitment_ends_on", sa.Date(), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_id", sa.UUID(), nullable=True),
        sa.Column("usage_billed", sa.Boolean(), nullable=True),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("vendor_subscription_id", sa.Text(), nullable=True),
        sa.Column("vendor_sku_id", sa.Text(), nullable=True),
        sa.Column("billing_starts_on", sa.Date(), nullable=True),
        sa.Column("created_on", sa.Date(), nullable=True),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_label", sa.Text(), server_default="", nullable=False),
        sa.Column("product_name", sa.Text(), server_default="", nullable=False),
        sa.Column("vendor_name", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "search_text",
            sa.Text(),
            sa.Computed(
                "lower(client_label || ' ' || product_name || ' ' || source_id || ' ' || id::text)",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "price <> 'NaN' AND partner_cost <> 'NaN' AND quantity <> 'NaN'",
            name=op.f("ck_subscriptions_numbers"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_subscriptions_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint(
            "organisation_id",
            "source",
            "source_id",
            name=op.f("uq_subscriptions_organisation_id_source_source_id"),
        ),
    )
    op.create_index(
        "ix_subscriptions_client",
        "subscriptions",
        ["organisation_id", "client_label", "id"],
        unique=False,
    )
    op.create_index(
        "ix_subscriptions_client_id",
        "subscriptions",
        ["organisation_id", "client_id"],
        unique=False,
    )
    op.create_index(
        "ix_subscriptions_company", "subscriptions", ["organisation_id", "company_id"], unique=False
    )
    op.create_index(
        "ix_subscriptions_end",
        "subscriptions",
        ["organisation_id", sa.literal_column("coalesce(ends_on, 'infinity'::date)"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_subscriptions_product",
        "subscriptions",
        ["organisation_id", "product_name", "id"],
        unique=False,
    )
    op.create_index(
        "ix_subscriptions_product_id",
        "subscriptions",
        ["organisation_id", "product_id"],
        unique=False,
    )
    op.create_table(
        "sync_runs",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("resumes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(finished_at IS NOT NULL)"
            " = (status IN ('succeeded', 'partial', 'failed', 'cancelled'))",
            name=op.f("ck_sync_runs_finished"),
        ),
        sa.CheckConstraint("mode IN ('delta', 'full')", name=op.f("ck_sync_runs_mode")),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled')",
            name=op.f("ck_sync_runs_status"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_sync_runs_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_sync_runs")),
    )
    op.create_index(
        "ix_sync_runs_latest", "sync_runs", ["organisation_id", "source", "queued_at"], unique=False
    )
    op.create_index(
        "uq_sync_runs_unfinished",
        "sync_runs",
        ["organisation_id", "source"],
        unique=True,
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.create_table(
        "sync_seen",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_sync_seen_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "run_id", "kind", "source_id", name=op.f("pk_sync_seen")
        ),
    )
    op.create_table(
        "syncs",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "trigger IN ('person', 'service', 'schedule')", name=op.f("ck_syncs_trigger")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_syncs_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_syncs")),
    )
    op.create_table(
        "client_links",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("linked_by", sa.Text(), nullable=True),
        sa.Column(
            "linked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint(
            "client_id IS NOT NULL OR origin = 'manual'",
            name=op.f("ck_client_links_unlinked_by_hand"),
        ),
        sa.CheckConstraint("origin IN ('exact', 'manual')", name=op.f("ck_client_links_origin")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "client_id"],
            ["clients.organisation_id", "clients.id"],
            name=op.f("fk_client_links_clients"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_client_links_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "source", "source_id", name=op.f("pk_client_links")
        ),
    )
    op.create_index(
        "ix_client_links_client_id", "client_links", ["organisation_id", "client_id"], unique=False
    )
    op.create_table(
        "sync_members",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("sync_id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("joined", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "run_id"],
            ["sync_runs.organisation_id", "sync_runs.id"],
            name=op.f("fk_sync_members_sync_runs"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "sync_id"],
            ["syncs.organisation_id", "syncs.id"],
            name=op.f("fk_sync_members_syncs"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_sync_members_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "sync_id", "run_id", name=op.f("pk_sync_members")
        ),
    )
    op.create_index(
        "ix_sync_members_run_id", "sync_members", ["organisation_id", "run_id"], unique=False
    )
    op.create_table(
        "sync_steps",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("checkpoint", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("changed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("gone", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("quarantined", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'running', 'done', 'partial')", name=op.f("ck_sync_steps_status")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "run_id"],
            ["sync_runs.organisation_id", "sync_runs.id"],
            name=op.f("fk_sync_steps_sync_runs"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_sync_steps_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "run_id", "position", name=op.f("pk_sync_steps")
        ),
    )
    for table in TENANT_TABLES:
        keep_apart(table)
    for table in (*TENANT_TABLES, *DIRECTORY_TABLES):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO billingone_app")
    op.execute("GRANT SELECT ON alembic_version TO billingone_app")


def keep_apart(table: str) -> None:
    """Force row-level security; the owner, whom it binds as well, gets a policy of its own."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {table} TO billingone_app USING ({MINE}) WITH CHECK ({MINE})")
    op.execute(f"CREATE POLICY owner ON {table} TO billingone_owner USING (true) WITH CHECK (true)")


def downgrade() -> None:
    op.drop_table("sync_steps")
    op.drop_index("ix_sync_members_run_id", table_name="sync_members")
    op.drop_table("sync_members")
    op.drop_index("ix_client_links_client_id", table_name="client_links")
    op.drop_table("client_links")
    op.drop_table("syncs")
    op.drop_table("sync_seen")
    op.drop_index(
        "uq_sync_runs_unfinished",
        table_name="sync_runs",
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.drop_index("ix_sync_runs_latest", table_name="sync_runs")
    op.drop_table("sync_runs")
    op.drop_index("ix_subscriptions_product_id", table_name="subscriptions")
    op.drop_index("ix_subscriptions_product", table_name="subscriptions")
    op.drop_index("ix_subscriptions_end", table_name="subscriptions")
    op.drop_index("ix_subscriptions_client_id", table_name="subscriptions")
    op.drop_index("ix_subscriptions_company", table_name="subscriptions")
    op.drop_index("ix_subscriptions_client", table_name="subscriptions")
    op.drop_table("subscriptions")
    op.drop_table("subscription_versions")
    op.drop_table("revocations")
    op.drop_table("quarantined_records")
    op.drop_table("provider_tokens")
    op.drop_table("provider_limits")
    op.drop_table("products")
    op.drop_table("pax8_companies")
    op.drop_table("organisation_settings")
    op.drop_table("integrations")
    op.drop_table("exchange_rates")
    op.drop_index("ix_due_work_due_at", table_name="due_work")
    op.drop_table("due_work")
    op.drop_index("ix_clients_pax8_company_id", table_name="clients")
    op.drop_index("ix_clients_name", table_name="clients")
    op.drop_table("clients")
    op.drop_table("organisations")
    op.execute("REVOKE SELECT ON alembic_version FROM billingone_app")
