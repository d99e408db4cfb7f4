"""A DuckDB with the extensions that a lake needs, installed as wheels and loaded by path: no network.

DuckDB checks an extension's signature by reading all of it, a tenth of a second of computing each. So a
process has each file checked once and takes it as it is from then on, for as long as it stays that file.
"""

from importlib.util import find_spec
from pathlib import Path

import duckdb

from reports_lib.errors import WarehouseError

EXTENSIONS = ("ducklake", "postgres_scanner")
File = tuple[Path, int, int, int]
_checked: set[File] = set()  # files whose signature this process has seen to be good


def opened() -> duckdb.DuckDBPyConnection:
    """A DuckDB in no lake yet; raises `WarehouseError` if an extension is missing or not signed."""
    files = [_file(extension_path(name)) for name in EXTENSIONS]
    con = duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_unsigned_extensions": _checked.issuperset(files),
        }
    )
    try:
        con.execute("SET TimeZone = 'UTC'")
        for path, *_ in files:
            con.execute("LOAD '{}'".format(str(path).replace("'", "''")))
        con.execute("SET allow_unsigned_extensions = false")  # nor can anything set it back
    except duckdb.Error as error:
        con.close()
        raise WarehouseError(f"DuckDB cannot load its extensions: {error}") from None
    _checked.update(files)
    return con


def extension_path(name: str) -> Path:
    """The binary of a DuckDB extension that was installed as a wheel; raises `WarehouseError`."""
    spec = find_spec(f"duckdb_extension_{name}")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if path.is_file():
            return path
    package = f"duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}"
    raise WarehouseError(f"DuckDB lacks its extension {name}; install {package}")


def _file(path: Path) -> File:
    """What tells a file from another that came in its place."""
    found = path.stat()
    return path, found.st_ino, found.st_size, found.st_mtime_ns
