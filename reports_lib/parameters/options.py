"""What can be chosen: options, where they come from, and how a text finds its option."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from reports_lib.errors import ParameterError
from reports_lib.values.formats import quoted

_LISTED = 12
_COMPARED = 5_000  # a did-you-mean over more options than these takes too long


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose: what is stored and injected, and what people read."""

    value: str
    label: str


Lookup = Callable[[str], Sequence[Option]]
"""From the name of a lookup to its options, as the warehouse has them now."""


@dataclass(frozen=True)
class Source:
    """Where the options of a choice come from: fixed ones, or a lookup in the warehouse."""

    lookup: str = ""
    fixed: tuple[Option, ...] = ()

    def options(self, lookup: Lookup | None) -> Sequence[Option] | None:
        """The options there are; None if they have to be looked up and nothing can."""
        if self.lookup:
            return lookup(self.lookup) if lookup else None
        return self.fixed


def words(value: str) -> str:
    """`calling_card` as people read it: `Calling Card`."""
    return value.replace("_", " ").title()


def fixed(*values: str) -> Source:
    """A source of these options, labelled by their own words."""
    return Source(fixed=tuple(Option(value, words(value)) for value in values))


class Finder:
    """Finds options by value or by label: as written first, then in any case."""

    def __init__(self, options: Sequence[Option]) -> None:
        self.options = options
        self._order = {option.value: number for number, option in enumerate(options)}
        self._stages = (
            _values_by((o.value, o.value) for o in options),
            _values_by((o.label, o.value) for o in options),
            _values_by((o.value.casefold(), o.value) for o in options),
            _values_by((o.label.casefold(), o.value) for o in options),
        )

    def find(self, text: str) -> str:
        """The value of the one option that `text` means; raises `ParameterError`."""
        if not self.options:
            raise ParameterError(f"{quoted(text)} cannot be chosen: there is nothing to choose from yet")
        text = text if self.has(text) else text.strip()
        for stage, key in zip(self._stages, (text, text, text.casefold(), text.casefold()), strict=True):
            found = stage.get(key, set())
            if len(found) > 1:
                raise ParameterError(f"{quoted(text)} means several: {', '.join(sorted(found)[:_LISTED])}; write one")
            if found:
                return found.pop()
        raise ParameterError(f"{quoted(text)} is not {self._hint(text)}")

    def has(self, value: str) -> bool:
        """Whether this is the very value of an option."""
        return value in self._order

    def sorted(self, values: Iterable[str]) -> list[str]:
        """Each value once, in the order of the options."""
        return sorted(set(values), key=self._order.__getitem__)

    def _hint(self, text: str) -> str:
        names = [name for stage in self._stages[:2] for name in stage]
        close = get_close_matches(text, names, n=1) if len(names) <= _COMPARED else []
        if close:
            return f"there; did you mean {quoted(close[0])}?"
        if len(self._order) <= _LISTED:
            return f"one of {', '.join(self._order)}"
        return f"one of the {len(self._order)} there are"


def _values_by(pairs: Iterable[tuple[str, str]]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return found
