"""What makes runs without anybody waiting: the queue, its workers, the schedule's ticks, outgoing mail."""

import sqlalchemy as sa
from alembic import op
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Tables worker, tick, mail and Procrastinate's own; progress, owner and recipients of a run."""
    _queue()
    op.create_table(
        "worker",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="worker_key"),
    )
    op.create_table(
        "tick",
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("decision IN ('asked', 'missed', 'overlapped')", name="decision"),
        sa.PrimaryKeyConstraint("entry", "at", name="tick_key"),
    )
    for column in (
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("supersedes", sa.Text(), nullable=True),
        sa.Column("entry", sa.Text(), nullable=True),
        sa.Column("recipients", ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
    ):
        op.add_column("run", column)
    op.create_index(
        "run_entry_index",
        "run",
        ["entry"],
        postgresql_where=sa.text("entry IS NOT NULL AND state IN ('queued', 'generating')"),
    )
    _mail()


def _queue() -> None:
    # whole, with its functions and triggers: several statements, which only the driver itself takes at once
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(SchemaManager(PsycopgConnector()).get_schema())


def _mail() -> None:
    op.create_table(
        "mail",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("run_attempt", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        sa.CheckConstraint("kind IN ('report', 'failure')", name="kind"),
        sa.CheckConstraint("state <> 'failed' OR error IS NOT NULL", name="failed"),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="state"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="mail_run_id_reference"),
        sa.PrimaryKeyConstraint("id", name="mail_key"),
        sa.UniqueConstraint("message_id", name="mail_message_id_unique"),
    )
    report, failure = sa.text("kind = 'report'"), sa.text("kind = 'failure'")
    op.create_index("mail_report_unique", "mail", ["run_id", "recipient"], unique=True, postgresql_where=report)
    op.create_index(
        "mail_failure_unique", "mail", ["run_id", "run_attempt", "recipient"], unique=True, postgresql_where=failure
    )
    op.create_index("mail_due_at_index", "mail", ["due_at"], postgresql_where=sa.text("state = 'waiting'"))
