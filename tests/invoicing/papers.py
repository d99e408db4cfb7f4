"""Samples on paper: each is printed once a process, and read as a customer's programs would read it."""

import io
import subprocess
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import pikepdf
import pyarrow.parquet as pq

from reports_lib.invoicing.document import Document
from reports_lib.invoicing.pdf import pdf
from reports_lib.rendering.works import here
from tests.invoicing.samples import ANNEXES, SAMPLES

_ONE = Lock()


def drawn(work, body, given):
    """What a renderer makes, made in this process; one at a time, for the typefaces are no matter of many threads."""
    with _ONE:
        return here(work, body, given)


def printed(document: Document, rows=None) -> bytes:
    """The PDF of `document`, whose annex has `rows`."""
    with TemporaryDirectory() as folder:
        kept = Path(folder, "calls.parquet")
        if rows is not None:
            pq.write_table(rows, kept)
        return pdf(document.json(), {"calls": str(kept)} if rows is not None else {})


@cache
def paper(name: str) -> bytes:
    """The PDF of a sample."""
    return printed(SAMPLES[name], ANNEXES.get(name))


@cache
def text(name: str) -> str:
    """What a sample says, spaces of all kinds as plain ones."""
    return read(paper(name))


def read(made: bytes) -> str:
    """The text of a PDF, line by line as it stands on the page."""
    said = subprocess.run(["pdftotext", "-layout", "-", "-"], input=made, capture_output=True, check=True).stdout
    return said.decode().replace("\u00a0", " ")


@contextmanager
def opened(made: bytes):
    """The objects of a PDF."""
    with pikepdf.open(io.BytesIO(made)) as document:
        yield document


def attached(made: bytes) -> dict[str, bytes]:
    """The files inside a PDF."""
    with opened(made) as document:
        return {name: document.attachments[name].get_file().read_bytes() for name in document.attachments}
