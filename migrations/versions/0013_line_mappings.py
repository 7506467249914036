"""What people said of the lines of invoices: which of Pax8's products a description bills."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

MINE = "organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid)"
LINES = ("invoice_lines", "credit_lines")
SAID = "COALESCE(description, item_name, item_code, ''::text)"
# In lower case, without dates, months with their days and years, and signs, unless it is nothing
# but these. Numbers that are no date stay: 0.5 TB and 1.5 TB are two things.
DAY = r"\d{1,2}(st|nd|rd|th)?"
YEAR = r"(19|20)\d\d"
MONTH = (
    "(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|"
    "oct(ober)?|nov(ember)?|dec(ember)?)"
)
DATES = (
    rf"\m({DAY}\s+)?{MONTH}\M[.,]?\s*({DAY}\M[.,]?\s*)?({YEAR}\M)?",
    rf"\m{YEAR}[-/.]\d{{1,2}}([-/.]\d{{1,2}})?\M",
    rf"\m\d{{1,2}}([-/.]\d{{1,2}})?[-/.]{YEAR}\M",
    r"\m\d{1,2}([-/])\d{1,2}\1\d\d\M",
)
DESCRIPTION_KEY = f"""
CREATE FUNCTION description_key(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN btrim(left(coalesce(nullif(btrim(regexp_replace(
  {"regexp_replace(" * len(DATES)}lower(said)
  {"".join(f", '{pattern}', ' ', 'g')" for pattern in DATES)}
  , '[^[:alnum:]+]+', ' ', 'g')), ''), btrim(lower(said))), 300))
"""
SAYS_PRORATED = r"""
CREATE FUNCTION says_prorated(said text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(said) ~ '\mpro[-\u2010\u2011[:space:]]*rat(a|e|ed|ion|ing)\M'
"""


def upgrade() -> None:
    op.execute(DESCRIPTION_KEY)
    op.execute(SAYS_PRORATED)
    for lines in LINES:
        op.execute(
            f"ALTER TABLE {lines}"
            f" ADD description_key text GENERATED ALWAYS AS (description_key({SAID})) STORED,"
            f" ADD is_prorated boolean GENERATED ALWAYS AS (says_prorated({SAID})) STORED"
        )
    op.create_table(
        "line_mappings",
        sa.Column("organisation_id", sa.UUID(), nullable=False),
        sa.Column("description_key", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('confirmed', 'refused')", name=op.f("ck_line_mappings_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_line_mappings_organisations")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "description_key", "product_id", name=op.f("pk_line_mappings")
        ),
        info={"tenant": True},
    )
    op.create_index(
        "uq_line_mappings_confirmed",
        "line_mappings",
        ["organisation_id", "description_key"],
        unique=True,
        postgresql_where=sa.text("verdict = 'confirmed'"),
    )
    op.execute("ALTER TABLE line_mappings ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE line_mappings FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own ON line_mappings TO billingone_app USING ({MINE}) WITH CHECK ({MINE})"
    )
    op.execute(
        "CREATE POLICY owner ON line_mappings TO billingone_owner USING (true) WITH CHECK (true)"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON line_mappings TO billingone_app")


def downgrade() -> None:
    op.drop_table("line_mappings")
    for lines in LINES:
        op.execute(f"ALTER TABLE {lines} DROP description_key, DROP is_prorated")
    op.execute("DROP FUNCTION says_prorated")
    op.execute("DROP FUNCTION description_key")
