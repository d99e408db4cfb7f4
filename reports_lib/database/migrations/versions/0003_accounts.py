"""Who may sign in; charts that people keep; what a list calls a run."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Tables account, sign_in, api_token, throttle and chart_template; a name and quick lists for runs."""
    _accounts()
    _secrets()
    op.create_table(
        "chart_template",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("choice", JSONB(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), server_default="", nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.CheckConstraint("visibility IN ('private', 'company', 'public')", name="visibility"),
        sa.PrimaryKeyConstraint("id", name="chart_template_key"),
    )
    op.create_index("chart_template_family_index", "chart_template", ["family"])
    op.create_index("chart_template_unique", "chart_template", ["family", "owner", "name"], unique=True)
    op.add_column("run", sa.Column("name", sa.Text(), server_default="", nullable=False))
    op.drop_index("run_requested_at_index", "run")
    op.create_index("run_requested_at_id_index", "run", ["requested_at", "id"])
    op.create_index("run_state_requested_at_id_index", "run", ["state", "requested_at", "id"])


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("password_at", TIME, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("disabled_at", TIME, nullable=True),
        sa.CheckConstraint("name ~ '^[a-z0-9][a-z0-9._@-]{0,62}$'", name="name"),
        sa.CheckConstraint("role IN ('admin', 'analyst', 'billing', 'viewer')", name="role"),
        sa.PrimaryKeyConstraint("id", name="account_key"),
        sa.UniqueConstraint("name", name="account_name_unique"),
    )


def _secrets() -> None:
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("agent", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="sign_in_account_id_reference"),
        sa.PrimaryKeyConstraint("id", name="sign_in_key"),
    )
    op.create_index("sign_in_account_id_index", "sign_in", ["account_id"])
    op.create_table(
        "api_token",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="api_token_account_id_reference"),
        sa.PrimaryKeyConstraint("id", name="api_token_key"),
    )
    op.create_index("api_token_account_id_index", "api_token", ["account_id"])
    op.create_table(
        "throttle",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name="throttle_key"),
    )
