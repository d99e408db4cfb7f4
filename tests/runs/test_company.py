"""A run of somebody's company: what there is to choose, and what its kernel can see."""

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from reports_lib.database.schema import State
from reports_lib.errors import ParameterError, WarehouseError
from reports_lib.kernels.pool import Pool
from reports_lib.rendering.formats import Format
from reports_lib.rendering.notebook_file import parsed
from reports_lib.runs import plan as planning
from reports_lib.runs import record
from reports_lib.runs.make import Making, Manner, Tools
from reports_lib.runs.plan import options, plan
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.snapshots.seal import open_file, open_snapshot
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from tests.conftest import to_arrow
from tests.runs.conftest import AS_OF, QUARTER

SEEN = """
import os
from reports_lib.notebook import *
asked, warehouse = begin(globals())
for name in ("company", "client", "app_user"):
    found = warehouse.table(name).to_pyarrow().to_pylist()
    print(name, sorted({row["company_id"] for row in found}))
print(sorted(set(warehouse.table("ledger_entry").to_pyarrow().column("client_id").to_pylist())))
"""
OWNER = {1: 2, 2: 4, 3: 3, 4: 2, 5: 3, 6: 1, 7: 4}


@pytest.fixture(scope="module", autouse=True)
def companies(office):
    """Companies 2 and 3 below 1, and 4 below 2, with the golden clients among them."""
    above = {1: None, 2: 1, 3: 1, 4: 2}
    tree = [{"company_id": c, "parent_company_id": p, "name": f"Firm {c}"} for c, p in above.items()]
    users = [{"user_id": c, "company_id": c, "full_name": f"User {c}"} for c in (1, 2, 3, 4)]
    owner = Address.of(office.workspace, reader=False)
    rows = {"company": to_arrow("company", tree), "app_user": to_arrow("app_user", users)}
    writer.write(owner, rows, author="tests", message="companies", replace=True)
    cases = " ".join(f"when {client} then {company}" for client, company in OWNER.items())
    office.change(f"update client set company_id = case client_id {cases} end")


def request(company, family="customer_dynamics", given=None, **more):
    given = QUARTER | (given or {}) if family == "customer_dynamics" else given or {}
    return Request(family, given, AS_OF, Author("analyst", "ann", company), **more)


def test_another_s_company_is_not_there_to_be_chosen(office):
    asked = {"company": "3"}
    assert plan(request("", given=asked), office.installation).resolved.labels["company"] == "Firm 3"
    for _ in range(2):  # the second finds what the first looked up
        for company in ("2", "4"):
            with pytest.raises(ParameterError, match=r"^company '3' is not one of "):
                plan(request(company, given=asked), office.installation)
        assert plan(request("3", given=asked), office.installation).resolved.values["company"] == ["3"]
        assert plan(request("2", given={"company": "4"}), office.installation).resolved.values["company"] == ["4"]


def test_what_one_company_looked_up_is_not_another_s(office):
    for _ in range(2):
        for company, seen in {"": "1234", "2": "24", "3": "3", "4": "4"}.items():
            found = options("company", Author("analyst", "ann", company), AS_OF, office.installation)
            assert "".join(sorted(option.value for option in found)) == seen
            found = options("owner_user", Author("analyst", "ann", company), AS_OF, office.installation)
            assert "".join(sorted(option.value for option in found)) == seen


def test_whose_choices_depend_on_the_moment_is_remembered_for_that_moment():
    assert planning._is_timeless("client_tag", "")  # as ever
    assert not planning._is_timeless("client_tag", "2")
    assert planning._is_timeless("company", "2")


@pytest.mark.parametrize("company", ["9", "2 or 1=1", " "])
def test_a_run_of_a_company_that_is_gone_is_refused_before_it_begins(office, company):
    office.write_notebook("plain", "print(1)")  # it looks nothing up
    with pytest.raises(WarehouseError, match="the warehouse has no company"):
        plan(request(company, "plain"), office.installation)


def test_a_run_of_a_postgres_is_refused_alike(office, postgres_address, as_reader):
    tree = [{"company_id": 2, "parent_company_id": None}]
    writer.write(postgres_address, {"company": to_arrow("company", tree)}, author="tests", message="")
    office.write_notebook("plain", "print(1)")
    elsewhere = replace(office.workspace, warehouse_url=str(as_reader(postgres_address)))
    installation = type(office.installation)(elsewhere)
    assert plan(request("2", "plain"), installation).version is None
    with pytest.raises(WarehouseError, match="the warehouse has no company '3'"):
        plan(request("3", "plain"), installation)


@pytest.mark.kernel
def test_a_kernel_sees_its_author_s_company_and_no_other(office):
    office.write_notebook("seen", SEEN)
    expected = {
        "2": "company [2, 4]\nclient [2, 4]\napp_user [2, 4]\n[1, 2, 4, 7]\n",
        "3": "company [3]\nclient [3]\napp_user [3]\n[3, 5]\n",
        "": "company [1, 2, 3, 4]\nclient [1, 2, 3, 4]\napp_user [1, 2, 3, 4]\n[1, 2, 3, 4, 5, 6, 7]\n",
    }
    version = plan(request("2", "seen"), office.installation).version
    likely = {"DAYBOOK_WAREHOUSE": str(office.installation.reading(version))}
    # kernels of a pool are warm in the lake already, before anybody knows whose run is next
    with Pool(size=1, idle=600, expected=lambda: likely) as pool:
        for company, seen in expected.items():
            with Session(office.installation.database) as session, session.begin():
                asked = request(company, "seen", formats=(Format.HTML,), run_key=f"of {company}")
                attempt = record.take(session, record.record(session, asked).run.id, "us")
            ended = Making(attempt, office.installation, Tools(pool=pool), Manner(is_awaited=True)).run()
            assert ended.state is State.GENERATED, ended.error
            manifest = open_snapshot(office.store, ended.snapshot)
            assert parsed(open_file(office.store, manifest, "ipynb")).cells[-1].outputs[0].text == seen
            assert manifest.generated_by.company == company
