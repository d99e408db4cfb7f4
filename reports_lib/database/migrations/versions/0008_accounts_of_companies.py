"""An account is a client's with one company; no number is dated before the one before; what the warehouse holds."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

# As before, and: `dated` not before the number before, nor after the number after, of the same series and year. Else
# nothing is counted, there is no digest, and `neighbour` says the date that it must not pass.
ISSUE = """
CREATE FUNCTION daybook_issue(
    whose text, of_year int, dated date, beginning text, kept bigint, token text, facts text, what text,
    of_invoice bigint, body text,
    OUT number bigint, OUT called text, OUT written text, OUT digest text, OUT neighbour date
) LANGUAGE plpgsql AS $$
DECLARE
    place bigint; given bigint := kept; said text; before text := repeat('0', 64);
BEGIN
    INSERT INTO invoice_series AS counter (series, year, last) VALUES (whose, 0, 1)
        ON CONFLICT (series, year) DO UPDATE SET last = counter.last + 1 RETURNING last INTO place;
    IF kept IS NULL THEN
        INSERT INTO invoice_series AS counter (series, year, last) VALUES (whose, of_year, 1)
            ON CONFLICT (series, year) DO UPDATE SET last = counter.last + 1 RETURNING last INTO given;
    END IF;
    IF place > 1 THEN  -- statements of their own, so they see what was committed while we waited
        SELECT each.invoice_date INTO neighbour FROM invoice AS each
         WHERE each.series = whose AND each.year = of_year AND each.number IN (given - 1, given + 1)
           AND (each.number < given) = (each.invoice_date > dated) AND each.invoice_date <> dated
         LIMIT 1;
        IF neighbour IS NOT NULL THEN
            UPDATE invoice_series SET last = last - 1
             WHERE series = whose AND (year = 0 OR (kept IS NULL AND year = of_year));
            RETURN;
        END IF;
        SELECT hash INTO before FROM invoice_chain WHERE series = whose AND position = place - 1;
    END IF;
    IF before IS NULL THEN
        RETURN;
    END IF;
    number := given;
    called := beginning || lpad(given::text, greatest(4, length(given::text)), '0');
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
    """Column account_entry.company, table mirror_held; the warehouse is told everything anew, under its ids there."""
    _accounts()
    op.add_column("invoice_payment", sa.Column("asked", sa.Text(), nullable=True))
    op.execute("DROP FUNCTION daybook_issue")
    op.execute(ISSUE)
    op.create_table(
        "mirror_held",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="mirror_held_key"),
    )
    for subject, table in (("invoice", "invoice"), ("payment", "invoice_payment"), ("cdr_file", "cdr_file")):
        op.execute(f"INSERT INTO mirror_note (subject, subject_id) SELECT '{subject}', id FROM {table}")  # noqa: S608


def _accounts() -> None:
    op.add_column("account_entry", sa.Column("company", sa.Text(), nullable=True))
    op.execute("ALTER TABLE account_entry DISABLE TRIGGER account_entry_unchanged")
    op.execute("""
        UPDATE account_entry SET company = coalesce(
            (SELECT company FROM invoice WHERE invoice.id = invoice_id),
            (SELECT company FROM invoice_payment WHERE invoice_payment.id = payment_id))
    """)
    op.execute("ALTER TABLE account_entry ENABLE TRIGGER account_entry_unchanged")
    op.alter_column("account_entry", "company", nullable=False)
    op.drop_index("account_entry_client_id_currency_posted_at_index", "account_entry")
    op.create_index(
        "account_entry_client_id_currency_company_posted_at_index",
        "account_entry",
        ["client_id", "currency", "company", "posted_at"],
        postgresql_include=["amount"],
    )
