"""More sealed reports like the one of the tests: of other companies, with other titles and links."""

from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_hex

from sqlalchemy.orm import Session

from reports_lib.runs.installation import Installation
from reports_lib.snapshots import index, links
from reports_lib.snapshots.links import Access
from reports_lib.snapshots.manifest import Author, Manifest
from reports_lib.snapshots.seal import Content, seal


def another(installation: Installation, manifest: Manifest, *, company: str = "", html: bytes = b"", **values):
    """A report like `manifest` under an id of its own, of a user of `company`; `html` is its page, if given."""
    store = installation.store
    files = {key: Content(store.read(ref.name), ref.mime, ref.filename) for key, ref in manifest.files.items()}
    if html:
        files["html"] = files["html"]._replace(data=html)
    author = Author("billing", "Bo Othername", company)
    draft = replace(manifest, files={}, nonce=token_hex(16), **{"generated_by": author} | values)
    made = seal(store, draft, files)
    with Session(installation.database) as session, session.begin():
        index.insert(session, made)
    return made


def link(installation: Installation, manifest: Manifest, **access) -> str:
    """A new link to the report, open to whom `access` says."""
    with Session(installation.database) as session, session.begin():
        return links.make(session, manifest.id, by="ann", at=datetime.now(UTC), access=Access(**access))


def revoke(installation: Installation, token: str) -> None:
    """Revoke a link, as another process does."""
    with Session(installation.database) as session, session.begin():
        links.revoke(session, token, datetime.now(UTC))
