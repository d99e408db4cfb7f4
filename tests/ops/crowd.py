"""Sixteen processes that ask for one coupon's code at the same moment, each with connections of its own.

    python -m tests.ops.crowd ROOT DATABASE WAREHOUSE GROUP NAME

Prints a line of each: what it came to.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb

import reports_lib.warehouse.connection  # noqa: F401  # imported once, for all
from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.engine import engine_of
from reports_lib.errors import DaybookError
from reports_lib.ops import coupons
from reports_lib.ops.draft import Draft
from reports_lib.ops.operation import Wish
from reports_lib.runs.installation import Installation
from reports_lib.workspace import Workspace

SIZE = 16


def main() -> None:
    """Fork them, let all go at once, wait for all."""
    root, database, warehouse, group, name = sys.argv[1:]
    place = Workspace(Path(root), Path(root) / "outputs", database, warehouse)
    texts = {"group": group, "name": name, "coupon_type": "plan", "discount_type": "percent", "discount_percent": "5"}
    duckdb.close()  # its import opens a database, which no fork may share
    waiting, gate = os.pipe()
    children = []
    for which in range(SIZE):
        if child := os.fork():
            children.append(child)
            continue
        os.close(gate)
        installation = Installation(place)
        installation.__dict__["database"] = engine_of(database)  # all its tables are there
        installation.database.connect().close()
        os.read(waiting, 1)  # until the gate is closed
        wish = Wish("admin", "", f"crowd {which}", datetime.now(UTC))
        said = "broken"
        try:
            said = coupons.generate(installation, Visitor("admin", Role.ADMIN), wish, Draft.parse(texts)).state
        except DaybookError as error:
            said = str(error)
        finally:
            os.write(1, f"{said}\n".encode())  # one line is written whole
            os._exit(0)
    os.close(gate)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
