"""Coupons: what so many codes in one go take, from the wish to the warehouse that holds them.

python -m bench.coupons [--coupons 10000] [--rounds 5]

Beside it the loop that one would write first: draw a code, look whether it is free, insert it. Both make their
coupons in one transaction on an embedded Postgres that waits for the disk, and are copied to the lake by the same
mirror; every round adds to what is there.
"""

import argparse
import secrets
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bench.measure import Spent, compared, in_turn, machine, timed
from reports_lib import mirror
from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.cli.chores import copy_now
from reports_lib.database import server
from reports_lib.database.schema import Coupon
from reports_lib.ops import codes, coupons
from reports_lib.ops.draft import Draft
from reports_lib.ops.operation import Wish
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.workspace import Workspace

BOSS = Visitor("boss", Role.ADMIN)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--coupons", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="daybook-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # the user who runs Postgres passes it
        for name in ("notebooks", "parameters", "outputs"):
            (root / name).mkdir()
        workspace = Workspace(root, root / "outputs")
        try:
            spent = _measured(Installation(workspace), given.coupons, given.rounds)
        finally:
            server.stop(workspace)
    print(f"{machine('duckdb', 'sqlalchemy')}; {given.coupons:,} coupons, {given.rounds} rounds.\n")
    print(compared(spent))


def _measured(installation: Installation, many: int, rounds: int) -> dict[str, list[Spent]]:
    writer.create(Address.of(installation.workspace, reader=False))
    group = coupons.add_group(installation, BOSS, _wish(), "Bench").id
    texts = {"group": str(group), "coupon_type": "plan", "discount_type": "percent", "discount_percent": "20"}
    draft = Draft.parse(texts | {"quantity": str(many)})
    made = coupons.generate(installation, BOSS, _wish(), Draft.parse(texts | {"quantity": "1"})).id

    def copied(make: Callable[[], object]) -> Callable[[], None]:
        def do() -> None:
            make()
            trouble = copy_now(installation)
            assert not trouble, trouble

        return do

    def at_once() -> None:
        coupons.generate(installation, BOSS, _wish(), draft)

    def one_by_one() -> None:
        _one_by_one(installation, group, made, many)

    copied(at_once)()  # imports, and the lake's first files
    parts: dict[str, list[Spent]] = {}
    spent = in_turn({"one by one, and copied": copied(one_by_one), "Daybook, and copied": copied(at_once)}, rounds)
    for _ in range(rounds):
        parts.setdefault("of it Daybook's codes", []).append(timed(at_once))
        parts.setdefault("of it the copy", []).append(timed(copied(lambda: None)))
    with installation.opened(datetime.now(UTC)) as warehouse, Session(installation.database) as session:
        there = warehouse.table("coupon").count().to_pyarrow().as_py()
        unlike = session.scalar(select(func.count(func.distinct(func.upper(Coupon.code)))))
    assert there == unlike == 1 + many * (1 + 3 * rounds), (there, unlike)
    return spent | parts


def _one_by_one(installation: Installation, group: int, operation: int, many: int) -> None:
    now = datetime.now(UTC)
    with Session(installation.database) as session, session.begin():
        for _ in range(many):
            code = ""
            while not code or session.scalar(select(Coupon.id).where(func.upper(Coupon.code) == code)):
                code = "".join(secrets.choice(codes.LETTERS) for _ in range(codes.LENGTH))
            new = Coupon(
                group_id=group, operation_id=operation, code=code, reusable=False, max_redemptions=1,
                coupon_type="plan", discount_type="percent", discount_percent=20, enabled=True, created_at=now,
            )  # fmt: skip
            session.add(new)
            session.flush()
            mirror.note(session, "coupon", new.id)


def _wish() -> Wish:
    return Wish("bench", "", uuid4().hex, datetime.now(UTC))


if __name__ == "__main__":
    main()
