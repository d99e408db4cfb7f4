"""The parameters cell of a notebook, read without running it.

The cell is tagged `parameters` and holds declarations only, one a statement:

    name: Kind = literal   # Section | help

Reading it statically means that a family's form, help and checks cost no kernel, and that looking
at a notebook can never run what is in it.
"""

import ast
import io
import json
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports_lib.errors import SettingError
from reports_lib.parameters.given import RESERVED, Given
from reports_lib.parameters.kinds import CHOICES, KINDS, Kind
from reports_lib.parameters.sources import SOURCES


class CellError(ValueError):
    """A line of the cell breaks the contract; its message is the reason."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True)
class Declaration:
    """One line of the cell: what is declared, and where."""

    name: str
    kind: Kind[Any]
    default: Given
    comment: str
    line: int


def source(notebook: Path) -> str:
    """Source of the one cell tagged `parameters`; raises `SettingError`."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        tagged = [cell["source"] for cell in cells if "parameters" in cell["metadata"].get("tags", ())]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise SettingError(f"{notebook.name} is not a notebook that can be read") from None
    if len(tagged) != 1:
        raise SettingError(f"{notebook.name} has {len(tagged) or 'no'} cells tagged parameters; it needs one")
    return "".join(tagged[0])


def declarations(text: str) -> list[Declaration]:
    """What the cell's source declares, in its order; raises `CellError`."""
    try:
        statements = ast.parse(text).body
        comments = _comments(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as problem:
        raise CellError(getattr(problem, "lineno", None) or 1, "is not Python") from None
    found: dict[str, Declaration] = {}
    for statement in statements:
        declared = _declaration(statement, comments)
        if declared.name in found:
            raise CellError(declared.line, f"declares {declared.name} again")
        found[declared.name] = declared
    return list(found.values())


def kind(expression: ast.expr) -> Kind[Any]:
    """The kind that an annotation such as `Choices["a", "b"]` names; raises `CellError`."""
    match expression:
        case ast.Name(id=name) if name in KINDS:
            return KINDS[name]
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Name(id=of)) if name in CHOICES and of in SOURCES:
            return CHOICES[name].of(SOURCES[of])
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant() | ast.Tuple() as inner) if name in CHOICES:
            return CHOICES[name].of(tuple(_texts(inner)))
    known = ", ".join([*KINDS, *(f"{name}[…]" for name in CHOICES)])
    raise CellError(expression.lineno, f"names no kind: {ast.unparse(expression)[:60]}; there is {known}")


def _declaration(statement: ast.stmt, comments: dict[int, str]) -> Declaration:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value, simple=1):
            if not (name.isascii() and name.islower() and name[0].isalpha()):
                raise CellError(statement.lineno, f"declares {name[:60]}; names are snake_case")
            if name == RESERVED:
                raise CellError(statement.lineno, f"declares {RESERVED}, which in saved sets is about the set itself")
            comment = comments.get(statement.end_lineno or statement.lineno, "")
            return Declaration(name, kind(annotation), _literal(value), comment, statement.lineno)
    raise CellError(statement.lineno, "is not a declaration such as  months: Months = 1  # Section | help")


def _literal(value: ast.expr) -> Given:
    """The default, if it is one of the plain literals that a parameter may have."""
    try:
        literal: Any = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        literal = None
    if isinstance(literal, str | int) or (isinstance(literal, list) and all(isinstance(each, str) for each in literal)):
        return literal
    raise CellError(value.lineno, "has a default that is no text, whole number, truth or list of texts")


def _texts(inner: ast.expr) -> Iterator[str]:
    for element in inner.elts if isinstance(inner, ast.Tuple) else [inner]:
        if not (isinstance(element, ast.Constant) and isinstance(element.value, str) and element.value.strip()):
            raise CellError(element.lineno, "offers a choice that is not text")
        yield element.value


def _comments(text: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.start[0]: token.string.lstrip("#").strip() for token in tokens if token.type == tokenize.COMMENT}
