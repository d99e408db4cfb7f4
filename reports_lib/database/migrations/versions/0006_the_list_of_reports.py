"""The list of reports is counted and searched in an index that holds all that is asked of it."""

from alembic import op

revision = "0006"
down_revision = "0005"

ASKED = ["state", "company", "family", "set_name", "name"]


def upgrade() -> None:
    """An index of runs in the order of the list, with what it is narrowed by."""
    op.drop_index("run_requested_at_id_index", "run")
    op.create_index(
        "run_list_index",
        "run",
        ["requested_at", "id"],
        postgresql_include=ASKED,
        postgresql_where="deleted_at IS NULL",
    )
