"""The database's tables: runs, who makes them and when, snapshots and links, mails, accounts, the audit trail.

    run  ──snapshot_id──>  snapshot  <──snapshot_id──  link          account  <──  sign_in, api_token
     └──<──run_id──  mail                                            worker   tick   throttle   chart_template   audit

A run's row is the truth about it, whatever a queue believes. A snapshot's row is a copy of its
manifest for lists; `snapshots.index.rebuild` writes it anew. All times are aware, in UTC; those that
decide who may take what (`due_at`, `heartbeat_at`) are the database's own, so no worker's clock counts.
The queue's tables are Procrastinate's, and called `procrastinate_…`.
"""

from reports_lib.database.schema.accounts import Account, ApiToken, ChartTemplate, SignIn, Throttle, Visibility
from reports_lib.database.schema.base import AuditEntry, Base
from reports_lib.database.schema.mail import Mail, MailKind, MailState
from reports_lib.database.schema.runs import Decision, Run, State, Tick, Worker
from reports_lib.database.schema.snapshots import Audience, Link, Snapshot

__all__ = [
    "Account",
    "ApiToken",
    "Audience",
    "AuditEntry",
    "Base",
    "ChartTemplate",
    "Decision",
    "Link",
    "Mail",
    "MailKind",
    "MailState",
    "Run",
    "SignIn",
    "Snapshot",
    "State",
    "Throttle",
    "Tick",
    "Visibility",
    "Worker",
]
