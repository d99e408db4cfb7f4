"""What a mail says, before it is anybody's: subject, the words twice (plain and HTML), files."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from reports_lib.delivery.words import header
from reports_lib.snapshots.seal import Content

TEMPLATES = Path(__file__).parent / "template"


@dataclass(frozen=True)
class Letter:
    """One letter, the same for all who get it."""

    subject: str
    text: str
    html: str
    files: tuple[Content, ...] = ()

    @classmethod
    def of(cls, template: str, subject: str, words: Mapping[str, object], files: tuple[Content, ...] = ()) -> Self:
        """The letter of `<template>.txt.j2` and `<template>.html.j2`."""
        subject = header(subject) or "Report"
        text = _environment().get_template(f"{template}.txt.j2").render(words)
        html = _environment().get_template(f"{template}.html.j2").render({**words, "subject": subject})
        return cls(subject, text.strip() + "\n", html, files)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
