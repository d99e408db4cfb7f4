"""Alembic's way in: runs the steps on the connection that `upgrade` hands over, in its transaction."""

from alembic import context

from reports_lib.database.migrations import is_ours
from reports_lib.database.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_server_default=True,
    include_name=is_ours,
)
context.run_migrations()
