"""The mapping workbench: deeds that can be undone, what was refused, chosen billing contacts."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

MINE = "organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid)"
TABLES = ("mapping_deeds", "mapping_changes", "primary_contacts", "refused_links")
OTHERS = "origin IN ('exact', 'manual')"
ALL = "origin IN ('exact', 'identifier', 'manual')"


def upgrade() -> None:
    op.add_column("client_links", sa.Column("reason", sa.Text(), nullable=True))
    op.drop_constraint("ck_client_links_origin", "client_links")
    op.create_check_constraint(op.f("ck_client_links_origin"), "client_links", ALL)
    op.create_table(
        "mapping_deeds",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.Column("from_client_id", sa.UUID(), nullable=True),
        sa.Column("into_client_id", sa.UUID(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('link', 'bulk', 'suggestions', 'merge', 'split', 'import', 'identifiers')",
            name=op.f("ck_mapping_deeds_kind"),
        ),
        sa.CheckConstraint(
            "undone_at IS NOT NULL OR undone_by IS NULL", name=op.f("ck_mapping_deeds_undone")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_mapping_deeds_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "from_client_id"],
            ["clients.organisation_id", "clients.id"],
            name="fk_mapping_deeds_from_client",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "into_client_id"],
            ["clients.organisation_id", "clients.id"],
            name="fk_mapping_deeds_into_client",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_mapping_deeds")),
    )
    op.create_index(
        "ix_mapping_deeds_done_at", "mapping_deeds", ["organisation_id", "done_at", "id"]
    )
    op.create_index(
        "ix_mapping_deeds_from_client_id", "mapping_deeds", ["organisation_id", "from_client_id"]
    )
    op.create_table(
        "mapping_changes",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("deed_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("refused_client_id", sa.UUID(), nullable=True),
        sa.Column("before_client_id", sa.UUID(), nullable=True),
        sa.Column("before_origin", sa.Text(), nullable=True),
        sa.Column("before_reason", sa.Text(), nullable=True),
        sa.Column("before_by", sa.Text(), nullable=True),
        sa.Column("before_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("after_client_id", sa.UUID(), nullable=True),
        sa.Column("after_origin", sa.Text(), nullable=True),
        sa.Column("is_link_changed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_mapping_changes_organisations"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "deed_id"],
            ["mapping_deeds.organisation_id", "mapping_deeds.id"],
            name=op.f("fk_mapping_changes_mapping_deeds"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "deed_id", "position", name=op.f("pk_mapping_changes")
        ),
    )
    op.create_index(
        "ix_mapping_changes_record", "mapping_changes", ["organisation_id", "source", "source_id"]
    )
    op.create_table(
        "primary_contacts",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("chosen_by", sa.Text(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_primary_contacts_organisations"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "client_id"],
            ["clients.organisation_id", "clients.id"],
            name=op.f("fk_primary_contacts_clients"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "client_id", name=op.f("pk_primary_contacts")),
    )
    op.create_table(
        "refused_links",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("refused_by", sa.Text(), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_refused_links_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "client_id"],
            ["clients.organisation_id", "clients.id"],
            name=op.f("fk_refused_links_clients"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "source", "source_id", "client_id", name=op.f("pk_refused_links")
        ),
    )
    op.create_index("ix_refused_links_client_id", "refused_links", ["organisation_id", "client_id"])
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own ON {table} TO billingone_app USING ({MINE}) WITH CHECK ({MINE})"
        )
        op.execute(
            f"CREATE POLICY owner ON {table} TO billingone_owner USING (true) WITH CHECK (true)"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO billingone_app")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_constraint("ck_client_links_origin", "client_links")
    # what identifiers linked stays linked, as though a person had said so
    op.execute("UPDATE client_links SET origin = 'manual' WHERE origin = 'identifier'")
    op.create_check_constraint(op.f("ck_client_links_origin"), "client_links", OTHERS)
    op.drop_column("client_links", "reason")
