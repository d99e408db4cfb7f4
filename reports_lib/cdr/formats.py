"""The formats there are: Daybook's own, and those of a workspace, which may build on them."""

from pathlib import Path

from reports_lib.cdr.declared import format_of, merged
from reports_lib.cdr.format import Format
from reports_lib.cdr.plain import Plain, read
from reports_lib.errors import SettingError, UnknownNameError
from reports_lib.workspace import SET, Workspace

BUILT_IN = Path(__file__).parent / "formats"


def names(workspace: Workspace) -> list[str]:
    """Names of all formats, in alphabetical order."""
    return sorted(_paths(workspace))


def find(workspace: Workspace, name: str) -> Format:
    """The format of that name; raises `UnknownNameError`, `SettingError` if its file is not as it must be."""
    paths = _paths(workspace)
    if name not in paths:
        raise UnknownNameError.of("format of call records", name, paths)
    return format_of(name, _declared(name, paths, ()))


def _paths(workspace: Workspace) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in (BUILT_IN, workspace.parameters / "cdr"):  # a workspace's own comes in place of ours
        found |= {path.stem: path for path in sorted(folder.glob("*.yaml")) if SET.fullmatch(path.stem)}
    return found


def _declared(name: str, paths: dict[str, Path], below: tuple[Path, ...]) -> dict[str, Plain]:
    path = paths[name]
    if path in below:
        raise SettingError(f"cdr/{name}.yaml is like itself")
    given = read(path)
    if "like" not in given:
        return given
    base = given["like"]
    ours = {each.stem: each for each in BUILT_IN.glob("*.yaml")}
    # one of a workspace may be called as the one of ours that it builds on
    known = paths | ours if base == name else paths
    if not isinstance(base, str) or base not in known:
        raise UnknownNameError.of(f"format of call records for {name} to be like", str(base), known)
    found = merged(given, _declared(base, known, (*below, path)))
    found.pop("like")
    return found


def built_in(name: str) -> Format:
    """One of Daybook's own formats."""
    return format_of(name, _declared(name, {path.stem: path for path in BUILT_IN.glob("*.yaml")}, ()))
