"""`verify` finds what was done to issued invoices behind our back: changed, removed, reordered, slipped in, cut off."""

import hashlib
import json
from dataclasses import dataclass

import pytest
from sqlalchemy import select, text

from reports_lib.database.schema import ChainSubject, InvoiceChain, InvoiceRevision
from reports_lib.errors import ParameterError, StateError
from reports_lib.invoicing import chain, correct, draft, record, verify
from reports_lib.invoicing.chain import Head
from reports_lib.invoicing.revise import revise
from reports_lib.snapshots.store import Store
from tests.invoicing.conftest import ANN, fee

PDF, XML = b"%PDF of the first", "c" * 64


@dataclass
class Archive:
    """Books of everything that can happen, with the store of their files."""

    books: object
    store: Store
    invoice: object

    def findings(self, *anchors: Head) -> list[str]:
        self.books.session.expire_all()
        return verify.verify(self.books.session, self.store, anchors).defects

    def tamper(self, *statements: str, **values) -> None:
        """As somebody would who owns the database."""
        self.books.session.flush()
        self.books.session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            self.books.session.execute(text(statement), values)
        self.books.session.execute(text("SET LOCAL session_replication_role = origin"))


@pytest.fixture
def archive(books, tmp_path):
    store, session = Store(tmp_path / "invoices"), books.session
    one, two, three = books.recorded("100"), books.recorded("20", "30"), books.recorded("7")
    four = books.draft("9", series="OTHER-")
    name = store.put(PDF, "pdf")
    record.made(session, one.id, 0, {"document": name[:64], "xml": XML}, books.now())
    books.pay({one: "40"})
    revise(session, one.id, lines=[fee("90")], comment="a discount", by=ANN, now=books.now())
    correct.credit_note(session, two.id, [fee("20")], "never used", "ann", books.now())
    record.unrecord(session, three.id, "ann", books.now())
    record.record(session, four.id, "ann", books.now())
    five = books.recorded("11")
    record.unrecord(session, five.id, "ann", books.now())
    draft.discard(session, five.id, "ann", books.now())
    session.flush()
    return Archive(books, store, one)


def test_all_is_as_it_was_issued(archive):
    report = verify.verify(archive.books.session, archive.store)
    assert report.defects == []
    assert (report.invoices, report.links, report.files, report.unmade) == (6, 11, 1, 4)
    assert [(head.series, head.position) for head in report.heads] == [("OTHER-", 1), ("T-", 10)]
    assert archive.findings(*report.heads) == []


def test_a_link_is_the_hash_of_the_one_before_and_of_what_it_says(archive):
    links = archive.books.session.scalars(
        select(InvoiceChain).where(InvoiceChain.series == "T-").order_by(InvoiceChain.position)
    ).all()
    previous = "0" * 64
    for link in links:
        previous = hashlib.sha256((previous + link.body).encode()).hexdigest()
        assert link.hash == previous
    said = json.loads(links[0].body)
    assert (said["number"], said["gross"], said["facts_sha256"]) == (
        "T-202610-0001", "100", archive.invoice.facts_sha256,
    )  # fmt: skip


ALTERED = (
    ("UPDATE invoice SET net = 41, total = 41 WHERE id = :id", "its row says 41.000000, its facts 90"),
    ("UPDATE invoice SET facts = replace(facts, '100', '900') WHERE id = :id", "its facts do not have their hash"),
    ("UPDATE invoice SET document_sha256 = repeat('b', 64) WHERE id = :id", "the chain says that other files"),
    ("UPDATE invoice SET account_number = 'T-202610-0099' WHERE id = :id", "the chain says that its number is"),
    ("UPDATE invoice SET state = 'DRAFT', revision = 0, paid = 0 WHERE id = :id", "it is DRAFT, the chain says"),
    ("UPDATE invoice SET revision = 0 WHERE id = :id", "and should have 0"),
    ("DELETE FROM invoice_revision WHERE invoice_id = :id", "and should have 1"),
    ("UPDATE invoice_revision SET facts = '{}' WHERE invoice_id = :id", "revision 1 does not have its hash"),
    ("UPDATE invoice_line SET description = 'x' WHERE invoice_id = :id", "are not those of its facts"),
    ("DELETE FROM invoice_line WHERE invoice_id = :id AND revision = 1", "are not those of its facts"),
    ("UPDATE account_entry SET amount = 1 WHERE invoice_id = :id", "are on the account, and should be 90"),
    ("DELETE FROM account_entry WHERE payment_id IS NOT NULL", "0 are on the account, and should be -40"),
    ("UPDATE invoice_payment SET amount = 10", "it settles 40.000000, and is 10"),
    ("DELETE FROM invoice_allocation", "payments settle 0, its row says 40"),
    ("UPDATE invoice SET credited = 0", "credit notes take back 20.000000, its row says 0"),
    ("DELETE FROM invoice WHERE id = :id", "number 1 of 2026 is missing"),
    ("DELETE FROM invoice WHERE id = :id", "which is not there"),
    ("UPDATE invoice_series SET last = 2 WHERE year > 0", "number 3 of 2026 was never given"),
    ("UPDATE invoice_series SET last = 9 WHERE series = 'T-' AND year = 0", "10 links are there and 9 were made"),
)


@pytest.mark.parametrize(("change", "told"), ALTERED, ids=lambda text: text[:60])
def test_a_changed_row_is_found(archive, change, told):
    archive.tamper(change, id=archive.invoice.id)
    found = archive.findings()
    assert any(told in each for each in found), found


CHAINED = (
    ("UPDATE invoice_chain SET body = replace(body, '100', '1')", "T-: link 1 was changed"),
    ("DELETE FROM invoice_chain WHERE position = 3", "T-: link 3 is missing"),
    ("DELETE FROM invoice_chain WHERE position BETWEEN 3 AND 4", "T-: link 3 to 4 are missing"),
    ("DELETE FROM invoice_chain WHERE position > 8", "10 links were made and 8 are there; the end"),
    ("UPDATE invoice_chain SET subject = 'void' WHERE position = 2", "link 2 says something else than its row"),
    ("UPDATE invoice_chain SET revision = 3 WHERE position = 5", "link 5 says something else than its row"),
    (
        "UPDATE invoice_chain SET position = CASE position WHEN 2 THEN 1003 ELSE 1002 END WHERE position IN (2, 3);"
        "UPDATE invoice_chain SET position = position - 1000 WHERE position > 1000",
        "link 2 says something else than its row",
    ),
)


@pytest.mark.parametrize(("change", "told"), CHAINED, ids=lambda text: text[:60])
def test_a_broken_chain_is_found(archive, change, told):
    archive.tamper(*(each for each in change.replace(" WHERE", " WHERE series = 'T-' AND", 1).split(";")))
    found = archive.findings()
    assert any(told in each for each in found), found


def test_a_link_with_a_good_hash_in_the_wrong_place_is_found(archive):  # spoofed
    session = archive.books.session
    first = session.get_one(InvoiceChain, ("T-", 1))
    body = first.body.replace('"gross":"100"', '"gross":"1"')
    archive.tamper(
        "UPDATE invoice_chain SET body = :body, hash = :hash WHERE series = 'T-' AND position = 1",
        body=body, hash=chain.digest(first.previous, body),
    )  # fmt: skip
    assert "T-: link 2 does not follow the one before" in archive.findings()


def test_a_chain_that_is_made_anew_is_found_by_an_anchor(archive):
    session = archive.books.session
    anchors = chain.heads(session)
    previous, statements = "0" * 64, []
    for link in session.scalars(
        select(InvoiceChain).where(InvoiceChain.series == "T-").order_by(InvoiceChain.position)
    ):
        body = link.body.replace('"buyer":"', '"buyer":"not ')
        digest = chain.digest(previous, body)
        statements.append((link.position, body, previous, digest))
        previous = digest
    for position, body, before, digest in statements:
        archive.tamper(
            "UPDATE invoice_chain SET body = :b, previous = :p, hash = :h WHERE series = 'T-' AND position = :n",
            b=body, p=before, h=digest, n=position,
        )  # fmt: skip
    assert archive.findings() == []  # nobody could tell
    assert archive.findings(*anchors) == ["T-: link 10 is not the one that was written down"]


def test_an_end_that_was_cut_off_with_its_counter_is_found_by_an_anchor(archive):
    anchors = chain.heads(archive.books.session)
    archive.tamper(
        "DELETE FROM invoice_chain WHERE series = 'OTHER-'",
        "DELETE FROM invoice_series WHERE series = 'OTHER-'",
        "DELETE FROM account_entry WHERE invoice_id IN (SELECT id FROM invoice WHERE series = 'OTHER-')",
        "DELETE FROM invoice_line WHERE invoice_id IN (SELECT id FROM invoice WHERE series = 'OTHER-')",
        "DELETE FROM invoice WHERE series = 'OTHER-'",
    )
    assert archive.findings() == []
    assert archive.findings(*anchors) == [
        "OTHER-: link 1 was written down and is missing; the end of the chain was cut off"
    ]


def test_a_changed_or_lost_file_is_found(archive):
    path = archive.store.path(f"{archive.invoice.document_sha256}.pdf")
    path.chmod(0o600)
    path.write_bytes(PDF.replace(b"first", b"other"))
    (found,) = archive.findings()
    assert found.startswith("invoice T-202610-0001: ")
    assert "no longer matches its name" in found
    path.unlink()
    (found,) = archive.findings()
    assert "no stored file of that name" in found


def test_a_revision_that_nobody_made_is_found(archive):
    session, old = archive.books.session, archive.books.session.get_one(InvoiceRevision, (archive.invoice.id, 1))
    session.add(
        InvoiceRevision(
            invoice_id=old.invoice_id, revision_no=2, paid_amount=0, total=1, facts=old.facts, comment="", by_name="",
            facts_sha256=old.facts_sha256, revised_at=old.revised_at, by_email="",
        )
    )  # fmt: skip
    session.flush()
    assert any("has revisions [1, 2], and should have 1" in each for each in archive.findings())


def test_nothing_is_appended_to_a_chain_that_lacks_its_end(archive):
    archive.tamper("DELETE FROM invoice_chain WHERE series = 'T-' AND position = 10")
    with pytest.raises(StateError, match="the chain of T- lacks its last link"):
        archive.books.recorded("1")


def test_links_are_only_appended_with_a_subject_that_there_is(archive):
    assert {str(each) for each in ChainSubject} >= set(archive.books.session.scalars(select(InvoiceChain.subject)))


@pytest.mark.parametrize("wrong", ["", "T-", "T-:1", "T-:x:" + "a" * 64, "T-:1:abc"])
def test_what_no_anchor_is(wrong):
    with pytest.raises(ParameterError, match="is no anchor"):
        Head.parse(wrong)


def test_an_anchor_is_read_as_it_is_written():
    head = Head("T-", 12, "a" * 64)
    assert Head.parse(f" {head}\n") == head
