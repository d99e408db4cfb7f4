"""What the portal says: the texts in its code, its templates and our notebooks, as they stand in the catalogues.

`python -m tests.portal.words` brings the catalogues up to date: new texts are added without a translation,
texts that are gone are dropped. `make words` does the same.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from reports_lib.families import heading
from reports_lib.parameters.kinds import TimeZoneKind
from reports_lib.parameters.query import read_query
from reports_lib.parameters.schema import Schema
from reports_lib.portal.ask.form import label
from reports_lib.portal.language import FOLDER, LANGUAGES

ROOT = FOLDER.parent.parent  # reports_lib


def said() -> Catalog:
    """Every text that goes through `_` or `ngettext`."""
    with (FOLDER / "babel.ini").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = Catalog(project="Daybook", charset="utf-8")
    keywords = {"_": None, "ngettext": (1, 2), "N_": None}
    for name, _line, text, _comments, _context in extract_from_dir(ROOT, methods, options, keywords):
        found.add(text, locations=[(name, 0)], flags=[])
    for notebook in sorted((ROOT.parent / "notebooks").glob("*.ipynb")):
        for text in filter(None, of_family(notebook)):
            found.add(text, locations=[(notebook.name, 0)])
    return found


def of_family(notebook: Path) -> Iterator[str]:
    """What a notebook tells of its family and its parameters, and the names of saved queries that have no other."""
    about = heading(notebook)
    yield from (about.title, about.question, about.service, about.type)
    for parameter in Schema.read(notebook):
        yield from (label(parameter.name), parameter.help, parameter.section)
        if not isinstance(parameter.kind, TimeZoneKind) and not getattr(parameter.kind, "lookup", ""):
            yield from (option.label for option in parameter.kind.options() or ())
    for path in sorted((ROOT.parent / "parameters" / notebook.stem).glob("*.yaml")):
        query = read_query(path)
        yield from (query.name or path.stem.replace("-", " ").capitalize(), query.note)


def catalogue(code: str) -> Catalog:
    """The catalogue of a language, empty if there is none yet."""
    path = FOLDER / f"{code}.po"
    return read_po(BytesIO(path.read_bytes()), locale=code) if path.exists() else Catalog(locale=code)


def renew(code: str) -> Path:
    """Write the catalogue with the texts of today and the translations that there are."""
    kept, fresh = catalogue(code), _empty(code)
    for message in said():
        if message.id:
            old = kept.get(message.id)
            blank = "" if isinstance(message.id, str) else ("",) * fresh.num_plurals
            fresh.add(message.id, old.string if old and not old.fuzzy else blank)
    path = FOLDER / f"{code}.po"
    with path.open("wb") as file:
        write_po(file, fresh, width=0, sort_output=True, no_location=True)
    return path


def untranslated(code: str) -> list[str]:
    """The texts that the catalogue has no words for."""
    found = [(m.id, [m.string] if isinstance(m.string, str) else m.string) for m in catalogue(code) if m.id]
    return [str(text) for text, translations in found if not all(translations)]


def glossary(code: str) -> list[str]:
    """The words that a catalogue keeps to, as they stand at its head, a line each."""
    path = FOLDER / f"{code}.po"
    head = path.read_text(encoding="utf-8").partition("\nmsgid")[0] if path.exists() else ""
    return [line for line in head.splitlines() if line.startswith("#   ")]


def _empty(code: str) -> Catalog:
    written = datetime(2026, 11, 22, tzinfo=UTC)  # the same whenever it is written
    return Catalog(
        locale=code,
        header_comment="\n".join([f"# What the portal says, in {LANGUAGES[code]}.", *glossary(code)]),
        project="Daybook",
        version="1",
        msgid_bugs_address="-",
        creation_date=written,
        revision_date=written,
        last_translator="Daybook",
        language_team=code,
        charset="utf-8",
        fuzzy=False,
    )


if __name__ == "__main__":
    for code in LANGUAGES:
        if code != "en":
            print(f"{renew(code).name}: {len(untranslated(code))} texts to translate")  # noqa: T201
