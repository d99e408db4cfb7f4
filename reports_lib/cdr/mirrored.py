"""Files of call records as rows of the canonical table `cdr_file`."""

from collections.abc import Collection
from datetime import UTC, datetime

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.cdr.files import SUBJECT
from reports_lib.database.schema import CdrFile
from reports_lib.mirror import Subject, Subjects
from reports_lib.warehouse.tables import TABLES


def rows(session: Session, ids: Collection[int]) -> dict[str, pa.Table]:
    """The rows of the files with these ids."""
    found = [
        {
            "file_id": file.id,
            "name": file.name,
            "size_bytes": file.size_bytes,
            "uploaded_at": _utc(file.uploaded_at),
            "processed_at": _utc(file.processed_at),
            "status": file.state,
            "deleted_at": _utc(file.deleted_at),
        }
        for file in session.scalars(select(CdrFile).where(CdrFile.id.in_(list(ids))).order_by(CdrFile.id))
    ]
    return {"cdr_file": pa.Table.from_pylist(found, schema=TABLES["cdr_file"].schema.to_pyarrow())}


def _utc(at: datetime | None) -> datetime | None:
    return at and at.astimezone(UTC).replace(tzinfo=None)


SUBJECTS: Subjects = {SUBJECT: Subject(rows, select(CdrFile.id))}
