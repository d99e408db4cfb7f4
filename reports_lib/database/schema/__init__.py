"""The database's tables: runs, snapshots and links, mails, accounts, invoices and files of calls, the audit trail.

    run  ──snapshot_id──>  snapshot  <──snapshot_id──  link          account  <──  sign_in, api_token
     └──<──run_id──  mail                                            worker   tick   throttle   chart_template   audit

A run's row is the truth about it, whatever a queue believes. A snapshot's row is a copy of its
manifest for lists; `snapshots.index.rebuild` writes it anew. All times are aware, in UTC; those that
decide who may take what (`due_at`, `heartbeat_at`) are the database's own, so no worker's clock counts.
Invoices are in `invoices.py`, what of them the warehouse has not been told yet in `mirror.py`, changes to customers and
coupons in `operations.py`.
The queue's tables are Procrastinate's, and called `procrastinate_…`.
"""

from reports_lib.database.schema.accounts import Account, ApiToken, ChartTemplate, SignIn, Throttle, Visibility
from reports_lib.database.schema.base import AuditEntry, Base
from reports_lib.database.schema.cdr import CdrFile, CdrState
from reports_lib.database.schema.invoices import (
    AccountEntry,
    BillingDetails,
    BillingRun,
    BillingState,
    ChainSubject,
    EntryKind,
    Invoice,
    InvoiceAllocation,
    InvoiceChain,
    InvoiceKind,
    InvoiceLine,
    InvoicePayment,
    InvoiceRevision,
    InvoiceSeries,
    InvoiceState,
)
from reports_lib.database.schema.mail import Mail, MailKind, MailState
from reports_lib.database.schema.mirror import MirrorHeld, MirrorNote
from reports_lib.database.schema.operations import (
    Coupon,
    CouponGroup,
    CouponType,
    DiscountType,
    Operation,
    OperationState,
)
from reports_lib.database.schema.runs import Decision, Run, State, Tick, Worker
from reports_lib.database.schema.snapshots import Audience, Link, Snapshot

__all__ = [
    "Account",
    "AccountEntry",
    "ApiToken",
    "Audience",
    "AuditEntry",
    "Base",
    "BillingDetails",
    "BillingRun",
    "BillingState",
    "CdrFile",
    "CdrState",
    "ChainSubject",
    "ChartTemplate",
    "Coupon",
    "CouponGroup",
    "CouponType",
    "Decision",
    "DiscountType",
    "EntryKind",
    "Invoice",
    "InvoiceAllocation",
    "InvoiceChain",
    "InvoiceKind",
    "InvoiceLine",
    "InvoicePayment",
    "InvoiceRevision",
    "InvoiceSeries",
    "InvoiceState",
    "Link",
    "Mail",
    "MailKind",
    "MailState",
    "MirrorHeld",
    "MirrorNote",
    "Operation",
    "OperationState",
    "Run",
    "SignIn",
    "Snapshot",
    "State",
    "Throttle",
    "Tick",
    "Visibility",
    "Worker",
]
