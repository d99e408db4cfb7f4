"""What is wrong with what a program sent, all of it at once: one line, and under each field's name its own."""

from collections.abc import Iterable, Mapping

from reports_lib.errors import ParameterError


class Faults(ParameterError):  # noqa: N818  of the kind ParameterError, with more to say
    """Values that cannot be accepted, by the names of their fields."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        self.faults = dict(faults)
        lines = [f"{name}: {text}" if name else text for name, text in faults.items()]
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        super().__init__(" ".join(lines[0].split()) + more)


def refuse(faults: Mapping[str, str]) -> None:
    """Raise `Faults` if there are any."""
    if faults:
        raise Faults(faults)


def renamed(faults: Mapping[str, str], names: Mapping[str, str], others: str = "") -> dict[str, str]:
    """The faults by what their fields are called here; those of `names` so, all others after `others`."""
    return {names.get(name, f"{others}{name}"): text for name, text in faults.items()}


def of_validation(errors: Iterable[Mapping[str, object]]) -> Faults:
    """What pydantic found; nothing that was sent is repeated."""
    found: dict[str, str] = {}
    for error in errors:
        where = error["loc"]
        assert isinstance(where, tuple)
        name = ".".join(str(part) for part in where[1:])[:200]
        found.setdefault(name or str(where[0]), _said(error))
    return Faults(found)


def _said(error: Mapping[str, object]) -> str:
    said = {"extra_forbidden": "there is no such field", "missing": "is required"}
    return said.get(str(error["type"]), str(error["msg"]))
