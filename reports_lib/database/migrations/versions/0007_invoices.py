"""Invoices and what belongs to them, files of calls, what the warehouse has not been told yet."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0007"
down_revision = "0006"

TIME = sa.DateTime(timezone=True)
MONEY = sa.Numeric(precision=18, scale=6)
FIRST_ID = 1_000_000_000  # below it are ids of another system that the warehouse holds

# What the database itself does not let anybody change, whatever program asks.
APPEND_ONLY = ("invoice_chain", "account_entry")
# Columns of an invoice that are on its paper, once it is recorded; its number stays even if it is not.
FROZEN = (
    "company, client_id, client_name, kind, key, currency, period_start, period_end, month, invoice_date, due_date, "
    "series, year, number, account_number, file_name, facts, facts_sha256, annex, corrects_id, evidence, "
    "created_at, created_by, recorded_at, recorded_by"
)

# The number and the link of the chain, in one go: whoever else records in the series waits for this and the commit,
# and for no program that is between two statements. Where the facts and the link say the number, the link's position
# or the hash of the facts, they come with `token`. Gives no digest where the link before is missing.
ISSUE = """
CREATE FUNCTION daybook_issue(
    whose text, of_year int, beginning text, kept bigint, token text, facts text, what text, of_invoice bigint,
    body text,
    OUT number bigint, OUT called text, OUT written text, OUT digest text
) LANGUAGE plpgsql AS $$
DECLARE
    place bigint; said text; before text := repeat('0', 64);
BEGIN
    INSERT INTO invoice_series AS counter (series, year, last) VALUES (whose, 0, 1)
        ON CONFLICT (series, year) DO UPDATE SET last = counter.last + 1 RETURNING last INTO place;
    number := kept;
    IF kept IS NULL THEN
        INSERT INTO invoice_series AS counter (series, year, last) VALUES (whose, of_year, 1)
            ON CONFLICT (series, year) DO UPDATE SET last = counter.last + 1 RETURNING last INTO number;
    END IF;
    IF place > 1 THEN  -- a statement of its own, so it sees what was committed while we waited
        SELECT hash INTO before FROM invoice_chain WHERE series = whose AND position = place - 1;
    END IF;
    IF before IS NULL THEN
        RETURN;
    END IF;
    called := beginning || lpad(number::text, greatest(4, length(number::text)), '0');
    written := replace(facts, token, called);
    digest := encode(sha256(convert_to(written, 'UTF8')), 'hex');
    said := replace(body, '"' || token || ' position"', place::text);
    said := replace(replace(said, token || ' facts', digest), token, called);
    INSERT INTO invoice_chain (series, position, subject, invoice_id, revision, body, previous, hash)
        VALUES (whose, place, what, of_invoice, 0, said, before,
                encode(sha256(convert_to(before || said, 'UTF8')), 'hex'));
END $$
"""


def upgrade() -> None:
    """Tables of invoices, accounts, CDR files and notes for the mirror; guards of what is frozen."""
    _invoices()
    _accounts()
    _chain()
    _billing()
    _files()
    _guards()
    op.execute(ISSUE)


def _invoices() -> None:
    op.create_table(
        "invoice_series",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("last > 0", name="last"),
        sa.PrimaryKeyConstraint("series", "year", name="invoice_series_key"),
    )
    op.create_table(
        "invoice",
        sa.Column("id", sa.BigInteger(), sa.Identity(start=FIRST_ID), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("client_name", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="DRAFT", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("period_start", TIME, nullable=True),
        sa.Column("period_end", TIME, nullable=True),
        sa.Column("month", sa.Text(), nullable=True),
        sa.Column("invoice_date", sa.Date(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("account_number", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), server_default="", nullable=False),
        sa.Column("net", MONEY, nullable=False),
        sa.Column("tax", MONEY, nullable=False),
        sa.Column("total", MONEY, nullable=False),
        sa.Column("paid", MONEY, server_default="0", nullable=False),
        sa.Column("credited", MONEY, server_default="0", nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("facts_sha256", sa.Text(), nullable=False),
        sa.Column("document_sha256", sa.Text(), nullable=True),
        sa.Column("xml_sha256", sa.Text(), nullable=True),
        sa.Column("annex", sa.Text(), nullable=True),
        sa.Column("held", ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("released_at", TIME, nullable=True),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("corrects_id", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", TIME, nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=True),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.CheckConstraint("(kind = 'credit_note') = (corrects_id IS NOT NULL)", name="corrects"),
        sa.CheckConstraint("(state = 'VOID') = (deleted_at IS NOT NULL)", name="void"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        sa.CheckConstraint("document_sha256 IS NULL OR document_sha256 ~ '^[0-9a-f]{64}$'", name="document"),
        sa.CheckConstraint("facts_sha256 ~ '^[0-9a-f]{64}$'", name="facts"),
        sa.CheckConstraint("kind <> 'credit_note' OR total <= 0", name="credit_note"),
        sa.CheckConstraint("kind <> 'monthly' OR month IS NOT NULL", name="monthly"),
        sa.CheckConstraint("kind IN ('monthly', 'top_up', 'credit_note', 'other')", name="kind"),
        sa.CheckConstraint("month IS NULL OR month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'", name="month"),
        sa.CheckConstraint(
            "state <> 'RECORDED' OR (number IS NOT NULL AND recorded_at IS NOT NULL AND recorded_by IS NOT NULL)",
            name="recorded",
        ),
        sa.CheckConstraint("state <> 'RECORDED' OR cardinality(held) = 0 OR released_at IS NOT NULL", name="held"),
        sa.CheckConstraint("state = 'RECORDED' OR (paid = 0 AND credited = 0)", name="unpaid"),
        sa.CheckConstraint("state = 'RECORDED' OR (sent_at IS NULL AND revision = 0)", name="draft"),
        sa.CheckConstraint("state IN ('DRAFT', 'RECORDED', 'VOID')", name="state"),
        sa.CheckConstraint("xml_sha256 IS NULL OR xml_sha256 ~ '^[0-9a-f]{64}$'", name="xml"),
        sa.CheckConstraint(
            "(number IS NULL) = (account_number IS NULL) AND (number IS NULL) = (year IS NULL) AND number > 0",
            name="number",
        ),
        sa.CheckConstraint(
            "(period_start IS NULL) = (period_end IS NULL) AND period_start < period_end", name="period"
        ),
        sa.CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name="released"),
        sa.CheckConstraint("paid >= 0 AND credited >= 0 AND paid + credited <= greatest(total, 0)", name="paid"),
        sa.CheckConstraint("revision >= 0", name="revision"),
        sa.CheckConstraint("total = net + tax", name="total"),
        sa.ForeignKeyConstraint(["corrects_id"], ["invoice.id"], name="invoice_corrects_id_reference"),
        sa.PrimaryKeyConstraint("id", name="invoice_key"),
        sa.UniqueConstraint("account_number", name="invoice_account_number_unique"),
    )
    op.create_index("invoice_client_id_currency_state_index", "invoice", ["client_id", "currency", "state"])
    op.create_index("invoice_corrects_id_index", "invoice", ["corrects_id"], postgresql_where="corrects_id IS NOT NULL")
    op.create_index("invoice_key_unique", "invoice", ["key"], unique=True, postgresql_where="state <> 'VOID'")
    listed = [
        *("company", "client_id", "client_name", "state", "account_number"),
        *("period_start", "period_end", "total", "paid", "credited"),
    ]
    op.create_index("invoice_list_index", "invoice", ["created_at", "id"], postgresql_include=listed)
    op.create_index("invoice_month_company_index", "invoice", ["month", "company"])
    op.create_index("invoice_number_unique", "invoice", ["series", "year", "number"], unique=True)
    op.create_table(
        "invoice_line",
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("package_id", sa.BigInteger(), nullable=True),
        sa.Column("quantity", MONEY, nullable=False),
        sa.Column("unit", sa.Text(), server_default="", nullable=False),
        sa.Column("unit_price", MONEY, nullable=False),
        sa.Column("net", MONEY, nullable=False),
        sa.Column("tax_rate", MONEY, nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="invoice_line_invoice_id_reference"),
        sa.PrimaryKeyConstraint("invoice_id", "revision", "number", name="invoice_line_key"),
    )
    op.create_table(
        "invoice_revision",
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("revision_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("paid_amount", MONEY, nullable=False),
        sa.Column("total", MONEY, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("facts_sha256", sa.Text(), nullable=False),
        sa.Column("document_sha256", sa.Text(), nullable=True),
        sa.Column("xml_sha256", sa.Text(), nullable=True),
        sa.Column("revised_at", TIME, nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_email", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.CheckConstraint("document_sha256 IS NULL OR document_sha256 ~ '^[0-9a-f]{64}$'", name="document"),
        sa.CheckConstraint("facts_sha256 ~ '^[0-9a-f]{64}$'", name="facts"),
        sa.CheckConstraint("xml_sha256 IS NULL OR xml_sha256 ~ '^[0-9a-f]{64}$'", name="xml"),
        sa.CheckConstraint("paid_amount >= 0", name="paid_amount"),
        sa.CheckConstraint("revision_no > 0", name="revision_no"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="invoice_revision_invoice_id_reference"),
        sa.PrimaryKeyConstraint("invoice_id", "revision_no", name="invoice_revision_key"),
    )


def _accounts() -> None:
    op.create_table(
        "invoice_payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(start=FIRST_ID), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("paid_at", TIME, nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("cancelled_at", TIME, nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "method IN ('card', 'cash', 'transfer', 'wallet', 'store', 'other', 'top_up')",
            name="method",
        ),
        sa.CheckConstraint("(cancelled_at IS NULL) = (cancelled_by IS NULL)", name="cancelled"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.PrimaryKeyConstraint("id", name="invoice_payment_key"),
        sa.UniqueConstraint("key", name="invoice_payment_key_unique"),
    )
    op.create_index(
        "invoice_payment_client_id_currency_paid_at_index", "invoice_payment", ["client_id", "currency", "paid_at"]
    )
    op.create_table(
        "invoice_allocation",
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="invoice_allocation_invoice_id_reference"),
        sa.ForeignKeyConstraint(["payment_id"], ["invoice_payment.id"], name="invoice_allocation_payment_id_reference"),
        sa.PrimaryKeyConstraint("payment_id", "invoice_id", name="invoice_allocation_key"),
    )
    op.create_index("invoice_allocation_invoice_id_index", "invoice_allocation", ["invoice_id"])
    op.create_table(
        "account_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(start=FIRST_ID), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("posted_at", TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('invoice', 'unrecord', 'revision', 'credit_note', 'payment', 'top_up', 'cancellation')",
            name="kind",
        ),
        sa.CheckConstraint("num_nonnulls(invoice_id, payment_id) = 1", name="cause"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="account_entry_invoice_id_reference"),
        sa.ForeignKeyConstraint(["payment_id"], ["invoice_payment.id"], name="account_entry_payment_id_reference"),
        sa.PrimaryKeyConstraint("id", name="account_entry_key"),
    )
    op.create_index(
        "account_entry_client_id_currency_posted_at_index",
        "account_entry",
        ["client_id", "currency", "posted_at"],
        postgresql_include=["amount"],
    )
    op.create_index("account_entry_invoice_id_index", "account_entry", ["invoice_id"])
    op.create_index("account_entry_payment_id_index", "account_entry", ["payment_id"])


def _chain() -> None:
    op.create_table(
        "invoice_chain",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("hash ~ '^[0-9a-f]{64}$' AND previous ~ '^[0-9a-f]{64}$'", name="hash"),
        sa.CheckConstraint(
            "subject IN ('invoice', 'revision', 'credit_note', 'unrecord', 'void', 'document')",
            name="subject",
        ),
        sa.CheckConstraint("position > 0", name="position"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="invoice_chain_invoice_id_reference"),
        sa.PrimaryKeyConstraint("series", "position", name="invoice_chain_key"),
        sa.UniqueConstraint("hash", name="invoice_chain_hash_unique"),
    )
    op.create_index("invoice_chain_invoice_id_index", "invoice_chain", ["invoice_id"])


def _billing() -> None:
    op.create_table(
        "billing_details",
        sa.Column("client_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("legal_name", sa.Text(), server_default="", nullable=False),
        sa.Column("address_line", sa.Text(), server_default="", nullable=False),
        sa.Column("city", sa.Text(), server_default="", nullable=False),
        sa.Column("postal_code", sa.Text(), server_default="", nullable=False),
        sa.Column("country", sa.Text(), server_default="", nullable=False),
        sa.Column("tax_id", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("tax_rate", MONEY, nullable=True),
        sa.Column("tax_category", sa.Text(), nullable=True),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.CheckConstraint("country = '' OR country ~ '^[A-Z]{2}$'", name="country"),
        sa.CheckConstraint("tax_category IN ('S', 'Z', 'E', 'AE', 'O')", name="tax_category"),
        sa.CheckConstraint("tax_rate BETWEEN 0 AND 100", name="tax_rate"),
        sa.PrimaryKeyConstraint("client_id", name="billing_details_key"),
    )
    op.create_table(
        "billing_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("issued_at", TIME, nullable=True),
        sa.Column("made", sa.Integer(), server_default="0", nullable=False),
        sa.Column("held", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skipped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'issued') = (issued_at IS NOT NULL)", name="issued"),
        sa.CheckConstraint("month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'", name="month"),
        sa.CheckConstraint("state IN ('asked', 'issued', 'failed')", name="state"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="billing_run_run_id_reference"),
        sa.PrimaryKeyConstraint("id", name="billing_run_key"),
    )
    op.create_index("billing_run_month_company_asked_at_index", "billing_run", ["month", "company", "asked_at"])
    op.create_index("billing_run_run_id_index", "billing_run", ["run_id"], postgresql_where="run_id IS NOT NULL")


def _files() -> None:
    op.create_table(
        "cdr_file",
        sa.Column("id", sa.BigInteger(), sa.Identity(start=FIRST_ID), nullable=False),
        sa.Column("company", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_at", TIME, nullable=False),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("processed_at", TIME, nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("lines", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("loaded", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rejected", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("blank", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("rejects", sa.Text(), nullable=True),
        sa.Column("data_version", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("heartbeat_at", TIME, nullable=True),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.CheckConstraint("(state = 'error') = (error IS NOT NULL)", name="error"),
        sa.CheckConstraint("(state IN ('success', 'error')) = (processed_at IS NOT NULL)", name="processed"),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        sa.CheckConstraint("state <> 'processing' OR (attempt > 0 AND heartbeat_at IS NOT NULL)", name="processing"),
        sa.CheckConstraint("state <> 'success' OR lines = loaded + rejected + blank", name="lines"),
        sa.CheckConstraint("state IN ('waiting', 'processing', 'success', 'error')", name="state"),
        sa.CheckConstraint("size_bytes >= 0", name="size_bytes"),
        sa.PrimaryKeyConstraint("id", name="cdr_file_key"),
    )
    op.create_index(
        "cdr_file_sha256_unique", "cdr_file", ["sha256"], unique=True, postgresql_where="deleted_at IS NULL"
    )
    op.create_index(
        "cdr_file_state_heartbeat_at_index",
        "cdr_file",
        ["state", "heartbeat_at"],
        postgresql_where="state IN ('waiting', 'processing')",
    )
    op.create_index("cdr_file_uploaded_at_id_index", "cdr_file", ["uploaded_at", "id"])
    op.create_table(
        "mirror_note",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="mirror_note_key"),
    )


def _guards() -> None:
    _refusing("daybook_append_only", "RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME;")
    for table in APPEND_ONLY:
        _guard(table, "unchanged", "BEFORE UPDATE OR DELETE", "daybook_append_only")
    for table in (*APPEND_ONLY, "invoice", "invoice_revision"):
        op.execute(f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} EXECUTE FUNCTION daybook_append_only()")
    for table in ("invoice", "invoice_revision"):
        _guard(table, "undeleted", "BEFORE DELETE", "daybook_append_only")
    _refusing("daybook_revision_frozen", _only_hashes("invoice_revision", _revision()))
    _guard("invoice_revision", "frozen", "BEFORE UPDATE", "daybook_revision_frozen")
    _refusing("daybook_invoice_frozen", _invoice())
    _guard("invoice", "frozen", "BEFORE UPDATE", "daybook_invoice_frozen")


def _refusing(function: str, body: str) -> None:
    op.execute(f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$")


def _guard(table: str, name: str, moment: str, function: str) -> None:
    op.execute(f"CREATE TRIGGER {table}_{name} {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()")


def _row(which: str, columns: str) -> str:
    return f"({', '.join(f'{which}.{column}' for column in columns.split(', '))})"


def _differs(columns: str) -> str:
    return f"{_row('NEW', columns)} IS DISTINCT FROM {_row('OLD', columns)}"


def _rewritten() -> str:
    """A hash of a file is written once."""
    return " OR ".join(
        f"(OLD.{column} IS NOT NULL AND NEW.{column} IS DISTINCT FROM OLD.{column})"
        for column in ("document_sha256", "xml_sha256")
    )


def _revision() -> str:
    columns = "invoice_id, revision_no, paid_amount, total, facts, facts_sha256, revised_at, by_name, by_email, comment"
    return f"{_differs(columns)} OR {_rewritten()}"


def _only_hashes(table: str, changed: str) -> str:
    return f"IF {changed} THEN RAISE EXCEPTION 'rows of {table} are never changed or deleted'; END IF;"


def _invoice() -> str:
    kept = "series, year, number, account_number"
    return (
        f"IF OLD.number IS NOT NULL AND {_differs(kept)} "
        "THEN RAISE EXCEPTION 'invoice % keeps its number', OLD.account_number; END IF; "
        f"IF OLD.state = 'RECORDED' AND NEW.state = 'RECORDED' AND ({_differs(FROZEN)} OR {_rewritten()}) "
        "THEN RAISE EXCEPTION 'invoice % is recorded: its paper is never changed', OLD.account_number; END IF; "
        "IF OLD.sent_at IS NOT NULL AND NEW.sent_at IS DISTINCT FROM OLD.sent_at "
        "THEN RAISE EXCEPTION 'invoice % has been sent', OLD.account_number; END IF; "
        "IF OLD.state = 'VOID' AND NEW.state <> 'VOID' "
        "THEN RAISE EXCEPTION 'invoice % was thrown away', OLD.id; END IF; "
        "IF NEW.revision < OLD.revision AND NEW.state = 'RECORDED' "
        "THEN RAISE EXCEPTION 'revisions of invoice % stay', OLD.account_number; END IF;"
    )
