import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports_lib.errors import ParameterError, SettingError
from reports_lib.parameters.sets import read_set, write_set


def read(folder, text):
    path = folder / "monthly.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_set(path)


@pytest.mark.parametrize(
    "scalar", ["NO", "yes", "null", "~", "007", "0x1F", "1e3", "+380441234567", "12:30:00", "2024-01-01", "<<", "1_000"]
)
def test_every_scalar_is_the_text_in_the_file(tmp_path, scalar):  # T9
    assert read(tmp_path, f"a: {scalar}\nb: [{scalar}]\n{scalar}: c\n") == {"a": scalar, "b": [scalar], scalar: "c"}


def test_reads_text_and_lists_of_text_in_their_order(tmp_path):
    text = "# monthly\ninterval: last month\ntags:\n  - vip\n  - '007'\nempty:\nnone: []\n"
    assert list(read(tmp_path, text).items()) == [
        ("interval", "last month"),
        ("tags", ["vip", "007"]),
        ("empty", ""),
        ("none", []),
    ]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "\ufeff"])
def test_a_set_may_be_empty(tmp_path, text):
    assert read(tmp_path, text) == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: !!python/object/apply:os.system [id]", "line 1: tags such as !!python are refused"),
        ("a: !!str 1", "line 1: tags"),
        ("a: !local x", "line 1: tags"),
        ("!!map {a: b}", "line 1: tags"),
        ("a: &x b\nc: *x", "line 1: anchors and aliases"),
        ("a: 1\nb: *x", "line 2: anchors and aliases"),
        ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]", "anchors and aliases"),  # an alias bomb
        ("a: 1\nb: 2\na: 3", "line 3: 'a' occurs twice"),
        ("- a\n- b", "line 1: is not a mapping"),
        ("just text", "line 1: is not a mapping"),
        ("a: {b: c}", "line 1: a value must be text or a list of text"),
        ("a: [[b]]", "line 1: a list must hold text only"),
        ("[a]: b", "line 1: a name must be text"),
        ("a: 1\n---\nb: 2", "line 2: a second document"),
        ("a: [" + "[" * 60_000, "a list must hold text only"),
        ("a: 'x", "line 1: is not YAML"),
        ("a: b: c", "line 1: is not YAML"),
        ("\ta: b", "line 1: is not YAML"),
        ("a: \0", "is not YAML: a forbidden character"),
        (b"a: \xff", "is not UTF-8"),
        ("a: " + "x" * 64 * 1024, "larger than 64 KB"),
    ],
)
def test_the_rest_of_yaml_is_refused_by_line(tmp_path, text, reason):  # T9
    with pytest.raises(SettingError) as refused:
        read(tmp_path, text)
    message = str(refused.value)
    assert reason in message
    assert message.startswith(f"{tmp_path.name}/monthly.yaml")
    assert "\n" not in message


def test_a_set_that_is_not_there(tmp_path):
    with pytest.raises(SettingError, match="cannot be read: No such file"):
        read_set(tmp_path / "none.yaml")


def test_writing_replaces_the_file_whole_or_not_at_all(tmp_path):
    path = tmp_path / "family" / "monthly.yaml"
    write_set(path, {"country": "NO", "zip": "01234", "months": 3, "flag": True, "tags": ["vip", "vip"]})
    assert read_set(path) == {"country": "NO", "zip": "01234", "months": "3", "flag": "yes", "tags": ["vip", "vip"]}
    with pytest.raises(ParameterError):
        write_set(path, {"a": "x\0"})
    with pytest.raises(SettingError, match="would be larger"):
        write_set(path, {"a": ["x" * 900] * 100})
    assert read_set(path)["country"] == "NO"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]  # no temporary file is left


VALUES = st.dictionaries(
    st.text(max_size=9).filter(str.isidentifier), st.text(max_size=99) | st.lists(st.text(max_size=9))
)


@settings(max_examples=200, deadline=None)
@given(values=VALUES)
def test_what_is_written_reads_back(tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "sets" / "round-trip.yaml"
    try:
        write_set(path, values)
    except ParameterError:  # a control character
        return
    assert list(read_set(path).items()) == list(values.items())
