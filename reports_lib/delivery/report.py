"""The letter that brings a report: the figures' head, the link, and the files that fit."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from reports_lib.delivery.figures import head
from reports_lib.delivery.letter import Letter
from reports_lib.delivery.words import one_line
from reports_lib.snapshots.manifest import FileRef, Manifest
from reports_lib.snapshots.seal import Content, open_file
from reports_lib.snapshots.store import Store
from reports_lib.values import formats

BODY = 64_000  # bytes kept for the words
LINE, ENCODED_LINE = 57, 78  # bytes of a file that go into a line of base64, and that line's length


@dataclass(frozen=True)
class Enclosed:
    """A file of the report as the letter names it; `url` is where it is if it was too large to come along."""

    name: str
    size: str
    url: str = ""


def report(store: Store, manifest: Manifest, asked: Iterable[str], link: str, limit: int) -> Letter:
    """The letter of a snapshot with the `asked` formats attached, html left out, as far as `limit` bytes go.

    Personal data stay behind the link: a mail is not deleted when their time is over (Q-12).
    Raises `CorruptSnapshotError` if a stored byte is not what it was: then nothing is sent.
    """
    keys = [form for form in dict.fromkeys(asked) if form != "html"]
    is_personal = manifest.retained_until is not None
    made = {} if is_personal else {key: manifest.files[key] for key in keys if key in manifest.files}
    fitting = _fitting(made, limit - BODY)
    files = tuple(
        Content(open_file(store, manifest, key), manifest.files[key].mime, manifest.files[key].filename)
        for key in keys
        if key in fitting
    )
    interval = formats.stretch(manifest.requested_interval)
    title = one_line(manifest.title)
    currency = one_line(manifest.labels.get("currency", ""), 20)
    zone = ZoneInfo(manifest.time_zone)
    words = {
        "title": title,
        "lead": ", ".join(filter(None, [interval, manifest.time_zone, currency])),
        "head": head(store, manifest),
        "link": link,
        "attached": [Enclosed(key.upper(), formats.size(manifest.files[key].bytes)) for key in keys if key in fitting],
        "why_behind": "With personal data" if is_personal else "Too large for a mail",
        "behind": [_behind(manifest, key, link) for key in keys if key not in fitting],
        "as_of": formats.moment(manifest.as_of, zone),
        "generated": f"{formats.moment(manifest.generated_at, zone)} by {one_line(manifest.generated_by.role, 40)}",
        "snapshot": manifest.id[:16],
    }
    return Letter.of("report", f"{title}: {interval}" if interval else title, words, files)


def encoded(size: int) -> int:
    """Bytes that a file of `size` bytes takes in a mail, its own small head included."""
    return -(-size // LINE) * ENCODED_LINE + 500


def _fitting(refs: dict[str, FileRef], room: int) -> set[str]:
    """Keys of the files that fit together, the smallest first: so most come along."""
    fitting: set[str] = set()
    for key, ref in sorted(refs.items(), key=lambda item: item[1].bytes):
        if (room := room - encoded(ref.bytes)) < 0:
            break
        fitting.add(key)
    return fitting


def _behind(manifest: Manifest, key: str, link: str) -> Enclosed:
    size = formats.size(manifest.files[key].bytes) if key in manifest.files else ""
    return Enclosed(key.upper(), size, f"{link}&{urlencode({'as': key})}")
