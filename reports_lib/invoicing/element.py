"""Elements of XML as text; what is not there has no element, for EN 16931 forbids empty ones."""

from datetime import date
from xml.sax.saxutils import escape, quoteattr


def tag(name: str, *content: str, **attributes: str) -> str:
    """An element around `content`, which is XML already."""
    said = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{said}>{''.join(content)}</{name}>"


def text(name: str, said: str, **attributes: str) -> str:
    """An element that holds the text `said`, or nothing where there is none."""
    return tag(name, escape(said), **attributes) if said else ""


def day(when: date, space: str = "udt") -> str:
    """A day as Cross Industry Invoices write it."""
    return tag(f"{space}:DateTimeString", f"{when:%Y%m%d}", format="102")
