"""`daybook(…)`: a command line in this process, in an office of the module's own."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from reports_lib.cli.main import main
from tests.runs.conftest import office, without_warehouse

__all__ = ["office", "without_warehouse"]

PROGRAM = Path(sys.executable).with_name("daybook")


@dataclass(frozen=True)
class Answer:
    """What a command line came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def daybook(office, monkeypatch, capsys):
    """`daybook("run", "customer_dynamics")`: what it prints and its exit code."""
    for name, value in office.environment.items():
        monkeypatch.setenv(name, value)
    # one pool of connections for all: a command line of its own leaves that to the end of its process
    opened = office.installation.database
    monkeypatch.setattr("reports_lib.runs.installation.engine", lambda workspace: opened)

    def run(*words: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["daybook", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Answer(ended.value.code, said.out, said.err)

    return run
