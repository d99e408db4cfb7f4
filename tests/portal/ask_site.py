"""A workspace that can be asked: the notebooks of two families, saved sets, and a lake with very many tags."""

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from reports_lib.families import draft
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import writer
from tests.conftest import to_arrow

REPOSITORY = Path(__file__).parents[2]
TAGS = [f"campaign {number:05}" for number in range(49_995)]
NAMED = ["vip", "VIP gold", "gold, silver", "not a vip", "Überbrückung"]
ROWS = {  # companies 2 and 3, both below 1, with a client each
    "company": [
        {"company_id": 1, "parent_company_id": None, "name": "Holding"},
        {"company_id": 2, "parent_company_id": 1, "name": "Northern Voice"},
        {"company_id": 3, "parent_company_id": 1, "name": "Southern Voice"},
    ],
    "currency": [{"code": "EUR"}, {"code": "USD"}],
    "client": [{"client_id": 1, "company_id": 3}, {"client_id": 2, "company_id": 2}],
    "package": [{"package_id": 1, "name": "Flat 100"}],
}
OF_A_COMPANY = ["northern lights"]  # a tag of the northern company only


@contextmanager
def site(workspace, fresh, as_reader, rows=None):
    """The installation, gone afterwards; it shares the tests' database, not their folders.

    Its lake has `rows`, or those with very many tags.
    """
    root = Path(tempfile.mkdtemp(prefix="daybook-ask-"))
    for name in ("notebooks", "parameters"):
        (root / name).mkdir()
    shutil.copy(REPOSITORY / "notebooks" / "customer_dynamics.ipynb", root / "notebooks")
    shutil.copytree(REPOSITORY / "parameters" / "customer_dynamics", root / "parameters" / "customer_dynamics")
    own = replace(workspace, root=root, mail_domains=("example.com", "example.org"))
    draft(own, "arrivals")
    with fresh("lake") as address:
        tables = {name: to_arrow(name, given) for name, given in (rows or _rows()).items()}
        writer.write(address, tables, author="tests", message="for the form", replace=True)
        installation = Installation(own)
        installation.__dict__["warehouse"] = as_reader(address)
        yield installation
        installation.database.dispose()
    shutil.rmtree(root)


@contextmanager
def grouped(installation):
    """The address of a family that can be narrowed to groups of operators, of which the lake has none."""
    path = installation.workspace.notebooks / "customer_dynamics.ipynb"
    made = path.with_name("grouped.ipynb")
    made.write_text(path.read_text().replace("package: Choices[Package]", "operator_group: Choices[OperatorGroup]"))
    yield "/ask/grouped"
    made.unlink()


def _rows():
    tags = [
        *({"client_id": 1, "tag": tag} for tag in (*TAGS, *NAMED)),
        *({"client_id": 2, "tag": tag} for tag in (*OF_A_COMPANY, "vip")),
    ]
    return ROWS | {"client_tag": tags, "app_user": [{"user_id": 7, "full_name": "Ann Owner", "company_id": 2}]}
