"""The proof that what was sealed is as it was: `verify`, and who refuses when it is not."""

import pytest

from reports_lib.errors import CorruptSnapshotError
from reports_lib.rendering.formats import Format
from reports_lib.runs.export import export
from reports_lib.snapshots.seal import open_snapshot

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def sealed(office):
    office.write_notebook("once", "print(1)")
    return office.generate("once", formats="pdf")


@pytest.fixture
def flipped(office):
    """`flipped(name)`: a byte of that stored file is flipped until the test ends."""
    undo = []

    def flip(name):
        path = office.store.path(name)
        whole = path.read_bytes()
        undo.append((path, whole))
        path.chmod(0o644)
        path.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
        path.chmod(0o444)

    yield flip
    for path, whole in undo:
        path.chmod(0o644)
        path.write_bytes(whole)
        path.chmod(0o444)


def test_all_is_well(daybook, sealed):
    answer = daybook("verify")
    assert (answer.code, answer.out, answer.err) == (0, "every stored byte is as it was sealed\n", "")
    assert daybook("verify", sealed.id[:8]).code == 0


def test_a_flipped_byte_of_a_page_is_found_and_never_shown(daybook, office, sealed, flipped):
    manifest = open_snapshot(office.store, sealed.id)
    name = manifest.files["pdf"].name
    flipped(name)
    for words in (["verify"], ["verify", sealed.id[:8]]):
        answer = daybook(*words)
        assert answer.code == 9
        assert answer.out == f"corrupt: {name}: its bytes have changed\n"
        assert answer.err == "daybook: 1 findings: restore these files from a backup\n"
    with pytest.raises(CorruptSnapshotError):
        export(office.store, manifest, Format.PDF)
    assert office.open(sealed.url, **{"as": "pdf"}).status_code == 500
    assert office.open(sealed.url, **{"as": "html"}).status_code == 200  # the others are as they were


def test_a_flipped_byte_of_a_manifest_closes_the_snapshot(daybook, office, sealed, flipped):
    flipped(f"{sealed.id}.json")
    assert daybook("verify").code == 9
    for name in (str(sealed.run), sealed.id[:8]):
        answer = daybook("show", name)
        assert (answer.code, answer.out, answer.err.count("\n")) == (9, "", 1)
        assert "no longer matches its name" in answer.err
    assert office.open(sealed.url).status_code == 500
