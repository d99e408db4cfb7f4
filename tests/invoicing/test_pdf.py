"""The document on paper: what it says, and that it says so for ever."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pikepdf
import pytest
import weasyprint

from reports_lib.errors import ParameterError
from reports_lib.invoicing import words
from reports_lib.invoicing.document import Document, PaymentTerms
from reports_lib.invoicing.pdf import XML_NAME, embedded, pdf
from reports_lib.invoicing.words import LOCALES, Words, isolated
from tests.invoicing.papers import attached, opened, paper, printed, read, text
from tests.invoicing.samples import ANNEXES, BUYER, LINES, RTL, SAMPLES, SUPPLIER, document, line

LOCALES_FOLDER = Path(words.__file__).parent
MONEY = ("plain", "long", "german", "russian", "spanish", "yen", "dinar", "fomento", "credit", "revised")


def words_of(made: Document) -> Words:
    return Words(made.language, made.places, made.currency)


def said(amount: str) -> str:
    return amount.replace("\u00a0", " ")


@pytest.mark.parametrize("name", MONEY)
def test_paper_says_the_sums_of_the_facts(name):  # F14: PDF and facts, for 0 to 4 decimals
    made = SAMPLES[name]
    words = words_of(made)
    shown = text(name)
    for amount in (made.net, made.gross, *(group.tax for group in made.taxes), *(group.net for group in made.taxes)):
        assert said(words.money(amount)) in shown
    for one in made.lines:
        assert said(words.figure(one.net)) in shown
    assert words.say("total") in shown


def test_paper_names_both_sides_the_month_and_every_expense():  # TW-42
    made, shown = SAMPLES["plain"], text("plain")
    for party in (made.supplier, made.buyer):
        assert all(part in shown for part in (party.called, party.address_line, party.city, party.postal_code))
    assert words_of(made).span(*made.period) in shown
    assert all(line.description in shown for line in made.lines)


@pytest.mark.parametrize("name", [name for name in MONEY if SAMPLES[name].places <= 2])
def test_the_data_inside_are_those_of_the_facts(name):
    assert attached(paper(name))[XML_NAME] == embedded(SAMPLES[name])


@pytest.mark.parametrize("name", ["plain", "rtl", "draft", "pages"])
def test_the_page_says_all_that_a_reader_of_html_would_add(name, monkeypatch):
    made = SAMPLES[name]
    given = ANNEXES.get(name)
    ours = printed(made, given)
    monkeypatch.setattr("reports_lib.rendering.pdf.Strict", weasyprint.HTML)
    assert printed(made, given) == ours


def test_objects_written_once_are_those_of_pydyf(monkeypatch):
    ours = printed(SAMPLES["plain"])
    monkeypatch.setattr("reports_lib.rendering.pdf.write_once", None)
    theirs = printed(SAMPLES["plain"])
    with opened(ours) as one, opened(theirs) as other:
        assert len(one.objects) == len(other.objects)
        for mine, its in zip(one.objects, other.objects, strict=True):
            assert type(mine) is type(its)
            if isinstance(mine, pikepdf.Stream) and mine.get("/Type") in ("/XRef", "/ObjStm"):
                continue  # where the others are
            if isinstance(mine, pikepdf.Stream):
                assert mine.read_bytes() == its.read_bytes()
                ours_said, theirs_said = dict(mine.stream_dict), dict(its.stream_dict)
                assert ours_said | {"/Length": 0} == theirs_said | {"/Length": 0}
            else:
                assert mine.unparse() == its.unparse()


def test_it_is_the_same_file_whenever_and_wherever_it_is_made():
    facts = SAMPLES["german"].json()
    here = pdf(facts, {})
    assert pdf(facts, {}) == here
    command = (
        "import sys; from reports_lib.invoicing.pdf import pdf; "
        "sys.stdout.buffer.write(pdf(sys.stdin.buffer.read(), {}))"
    )
    there = subprocess.run([sys.executable, "-c", command], input=facts, capture_output=True, check=True).stdout
    assert there == here


def test_other_facts_are_another_file():
    with opened(paper("plain")) as one, opened(printed(document(note="Thank you"))) as other:
        assert one.trailer.ID[0] != other.trailer.ID[0]


def test_metadata_are_one_description_of_all_three_norms():
    with opened(paper("plain")) as made:
        xmp = made.Root.Metadata.read_bytes().decode()
        info = made.open_metadata()
        assert xmp.count("<rdf:RDF") == xmp.count("<pdfaExtension:schemas>") == 1
        assert (info["pdfaid:part"], info["pdfaid:conformance"]) == ("3", "A")
        assert info["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
        assert info["{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}ConformanceLevel"] == "EN 16931"
        assert str(made.Root.Lang) == "en"


def test_the_data_stand_beside_the_page_as_its_alternative():
    with opened(paper("csv")) as made:
        files = {str(one.UF): str(one.AFRelationship) for one in made.Root.AF}
    assert files == {"factur-x.xml": "/Alternative", "DB-202610-0042-calls.csv": "/Supplement"}


def test_a_draft_says_so_and_is_no_invoice():  # CD-15
    assert "DRAFT" in text("draft")
    assert "A draft: nothing is due yet" in text("draft")
    assert "DB-202610" not in text("draft")
    assert "IBAN" not in text("draft")
    assert attached(paper("draft")) == {}


def test_a_draft_says_so_on_every_page():
    long = replace(SAMPLES["long"], draft=True, account_number="")
    pages = read(printed(long)).split("\f")[:-1]
    assert len(pages) == 3
    assert all("DRAFT" in page.replace(" ", "") for page in pages)


def test_dinars_have_no_data_and_say_all_on_paper():
    assert attached(paper("dinar")) == {}
    assert "KWD 24.669" in text("dinar")


def test_a_credit_note_names_what_it_corrects():
    assert "Credit note" in text("credit")
    assert "Refers to DB-202609-0031 of 30 September 2026" in text("credit")
    assert "IBAN" not in text("credit")
    assert "To pay" not in text("credit")


def test_a_revision_says_what_changed():  # TW-44 … TW-50
    shown = text("revised")
    assert "Revision 2 of DB-202610-0042" in shown
    assert "Outage of 12 October taken off" in shown
    assert "−€50.00" in shown
    assert "To pay €101.99" in shown


def test_credit_that_is_left_is_named():
    made = SAMPLES["overpaid"]
    shown = text("overpaid")
    assert made.due == 0
    assert "Nothing to pay" in shown
    assert "€336.11" in shown  # 500.00 − 163.89
    assert "IBAN" not in shown


def test_a_long_one_repeats_its_head_and_its_name():
    pages = text("long").split("\f")[:-1]
    assert len(pages) == 3
    assert all("Unit price" in page for page in pages[:2])
    assert "Invoice DB-202610-0042" in pages[1]
    assert [page.strip().splitlines()[-1].rsplit("   ", 1)[-1].replace(" ", "") for page in pages] == [
        "1/3",
        "2/3",
        "3/3",
    ]


@pytest.mark.parametrize(
    ("name", "amount"),
    [("rtl", "€163.89"), ("german", "205,09 €"), ("russian", "163,89 $"), ("spanish", "163,89 €"), ("yen", "JP¥1,224")],
)
def test_amounts_are_written_as_the_language_does(name, amount):
    assert amount in text(name)


def test_names_written_from_right_to_left_turn_nothing_around():  # T22
    shown = printed(document(buyer=RTL, supplier=replace(SUPPLIER, legal_name="חברה 12.50 בע״מ"), comment="דנה 99.90"))
    assert "€163.89" in read(shown)
    assert "10115 Berlin" in read(shown)
    assert "DE89 3704 0044 0532 0130 00" in read(shown)


def test_only_what_is_written_from_right_to_left_is_set_apart():
    assert isolated("Zürich") == "Zürich"
    assert isolated("דנה") == "\u2068דנה\u2069"


def test_texts_are_texts():  # T6
    hostile = "<img src=file:///etc/passwd><script>x</script>"
    made = document((line(1, "1.00", description=hostile),), buyer=replace(BUYER, legal_name=hostile), note=hostile)
    shown = read(printed(made))
    assert shown.count("<script>x</script>") >= 2
    assert "root:" not in shown


def test_letters_that_no_typeface_has_are_shown_as_such():
    assert "Ægir" in text("glyphs")
    assert "�" in text("glyphs")
    assert "株式会社".encode() in attached(paper("glyphs"))[XML_NAME]  # the data say what was meant


def test_figures_that_do_not_agree_are_not_drawn():
    wrong = replace(document(), gross=Decimal("163.90"), due=Decimal("163.90"))
    with pytest.raises(ParameterError, match=r"gross is 163.9, not 163.89"):
        pdf(wrong.json(), {})


def test_terms_are_said_on_paper_and_in_the_data():
    made = document(payment=PaymentTerms("Pay <soon> & well", "REF 7"), due_date=None)
    file = printed(made)
    assert "Pay <soon> & well" in read(file)
    assert b"<ram:Description>Pay &lt;soon&gt; &amp; well</ram:Description>" in attached(file)[XML_NAME]


def test_part_of_a_month_is_said_in_days():
    assert words_of(document()).span(date(2026, 10, 1), date(2026, 10, 31)) == "October 2026"
    assert words_of(document()).span(date(2026, 10, 5), date(2026, 10, 31)) == "5–31 Oct 2026"


def test_every_language_has_every_text():
    texts = {language: json.loads((LOCALES_FOLDER / f"{language}.json").read_text()) for language in LOCALES}
    keys = {language: sorted(found) for language, found in texts.items()}
    assert keys == dict.fromkeys(LOCALES, keys["en"])
    for key, english in texts["en"].items():
        names = sorted(part.partition("}")[0] for part in english.split("{")[1:])
        for language, found in texts.items():
            assert sorted(part.partition("}")[0] for part in found[key].split("{")[1:]) == names, (language, key)


@pytest.mark.parametrize("language", LOCALES)
def test_each_language_prints(language):
    made = document(LINES, language=language)
    shown = read(printed(made))
    assert words_of(made).say("invoice") in shown
    assert words_of(made).say("to_pay") in shown
