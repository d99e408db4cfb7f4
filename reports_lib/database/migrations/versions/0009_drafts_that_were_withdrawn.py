"""A billing says how many drafts it threw away, for which there were no charges any more."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Column billing_run.withdrawn."""
    op.add_column("billing_run", sa.Column("withdrawn", sa.Integer(), server_default=sa.text("0"), nullable=False))
