"""Every notebook there is: how it is stored, and that it runs and still shows what it showed (`tests/golden/`)."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import nbformat
import pytest

from reports_lib.families import faults, heading
from reports_lib.parameters.schema import Schema
from reports_lib.warehouse.address import Address
from tests import golden

WORKSPACE = golden.WORKSPACE
FAMILIES = WORKSPACE.families()
SETS = [(family, name) for family in FAMILIES for name in WORKSPACE.sets(family)]
COPIES = golden.copies()

families = pytest.mark.parametrize("family", FAMILIES)


def sources(path, *, left_out=lambda cell: False):
    return [(cell.cell_type, cell.source) for cell in nbformat.read(path, 4).cells if not left_out(cell)]


def test_every_notebook_is_a_family():  # a name that is none would be found by nobody
    assert [path.stem for path in sorted(WORKSPACE.notebooks.glob("*.ipynb"))] == FAMILIES != []


@families
def test_it_opens_with_its_heading_and_the_question_it_answers(family):
    path = WORKSPACE.notebook(family)
    first = nbformat.read(path, 4).cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"# [A-Z].*\n\n\S", first.source)
    assert len(heading(path).question.split()) > 5


@families
def test_it_declares_its_parameters(family):
    for parameter in Schema.read(WORKSPACE.notebook(family)):
        assert parameter.section, parameter.name
        assert parameter.help, parameter.name


@families
def test_it_is_stored_stripped(family):
    notebook = nbformat.read(WORKSPACE.notebook(family), 4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) <= {"daybook", "kernelspec", "language_info"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}, cell.id
        assert not cell.get("outputs"), cell.id
        assert cell.get("execution_count") is None, cell.id


@families
def test_it_keeps_the_rules(family):
    assert list(faults(WORKSPACE.notebook(family))) == []


@families
def test_it_has_saved_sets_and_a_golden_copy(family):
    assert WORKSPACE.sets(family)
    assert any(copy.parent.name == family for copy in COPIES), "python -m tests.golden FAMILY SET makes one"


@pytest.mark.parametrize("copy", COPIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_golden_copy_is_of_the_notebook_as_it_is(copy):  # else: python -m tests.golden
    assert sources(copy, left_out=golden.is_injected) == sources(WORKSPACE.notebook(copy.parent.name))


@pytest.fixture(scope="module")
def demo(fresh, as_reader) -> Iterator[Address]:
    """The demo warehouse, as its reader."""
    with fresh("lake") as owner:
        golden.fill(owner)
        yield as_reader(owner)


@pytest.mark.kernel
@pytest.mark.parametrize(("family", "name"), SETS)
def test_every_saved_set_resolves_against_the_demo_data(demo, family, name):
    assert golden.resolved(family, name, demo).literals


@pytest.mark.kernel
def test_every_notebook_runs_and_shows_what_its_golden_copies_show(demo, tmp_path):
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels/daybook").symlink_to(golden.ROOT / "reports_lib/kernels/kernelspec")
    kernel = "--nbval-kernel-name=daybook"  # forked where all is imported already, as a run's own
    nbval = [sys.executable, "-m", "pytest", "--nbval", kernel, "-q", "-W", "default", "--color=no"]
    only_here = ["-p", "no:cacheprovider", f"--confcutdir={golden.COPIES}"]
    blur = f"--nbval-sanitize-with={golden.COPIES / 'sanitize.cfg'}"
    done = subprocess.run(
        [*nbval, *only_here, blur, *map(str, COPIES)],
        env=os.environ | golden.environment(demo) | {"JUPYTER_PATH": str(tmp_path)},
        cwd=golden.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
