"""A tick may be refused: whoever it is asked for by may not any more."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Table tick takes another decision."""
    name = op.f("tick_decision_check")
    op.drop_constraint(name, "tick")
    op.create_check_constraint(name, "tick", "decision IN ('asked', 'missed', 'overlapped', 'refused')")
