"""Where a workspace is found, and how its settings are read."""

import pytest

from reports_lib.errors import SettingError, UnknownNameError
from reports_lib.workspace import SETTINGS, Workspace


@pytest.fixture
def root(tmp_path):
    for name in ("notebooks", "parameters/sales"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "notebooks/sales.ipynb").touch()
    (tmp_path / "notebooks/Untitled.ipynb").touch()  # a draft: no family
    (tmp_path / "parameters/sales/last-month.yaml").touch()
    return tmp_path


def test_it_is_the_nearest_folder_upwards_that_holds_notebooks(root):
    (root / "notebooks/deep").mkdir()
    assert Workspace.find(root / "notebooks/deep", {}).root == root
    assert Workspace.find(root, {}).outputs == root / "outputs"


def test_a_family_is_a_notebook_and_a_set_is_a_file(root):
    workspace = Workspace.find(root, {})
    assert workspace.families() == ["sales"]
    assert workspace.sets("sales") == ["last-month"]
    assert workspace.set_path("sales", "last-month").name == "last-month.yaml"


@pytest.mark.parametrize("family", ["seles", "../sales", "http://127.0.0.1/x", "", "sales.ipynb"])  # T8, T10 of threats
def test_no_other_name_becomes_a_path(root, family):
    with pytest.raises(UnknownNameError):
        Workspace.find(root, {}).notebook(family)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"DAYBOOK_TIME_ZONE": "Mars/Base"}, "DAYBOOK_TIME_ZONE='Mars/Base' is not a time zone"),
        ({"DAYBOOK_PORT": "-1"}, "DAYBOOK_PORT='-1' is not a whole number"),
        ({"DAYBOOK_CELL_TIMEOUT": "soon"}, "DAYBOOK_CELL_TIMEOUT='soon' is not a whole number"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(root, environ, said):
    with pytest.raises(SettingError, match=said.replace("'", ".")):
        Workspace.find(root, environ)


def test_outside_a_workspace_it_says_what_to_do(tmp_path):
    with pytest.raises(SettingError, match="set DAYBOOK_HOME"):
        Workspace.find(tmp_path, {})


def test_settings_are_all_read(root):
    workspace = Workspace.find(root, {"DAYBOOK_HOST": "::1", "DAYBOOK_PORT": "0", "DAYBOOK_URL": "https://r.example/"})
    assert (workspace.host, workspace.port, workspace.url) == ("::1", 0, "https://r.example")
    assert all(s.help.endswith(".") for s in SETTINGS)
