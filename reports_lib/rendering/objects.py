"""The objects of a PDF, each put into bytes once.

pydyf does so twice, for the file and for its identifier, and compresses streams at zlib's slowest level: together
a sixth of the time of an invoice.
"""

import zlib

import pydyf

LEVEL = 6  # of 9: the file is a hundredth longer, and compressed in a third of the time


class Written(pydyf.Object):
    """What an object of pydyf says by now, in bytes."""

    def __init__(self, made: pydyf.Object) -> None:
        super().__init__()
        self.number, self.generation = made.number, made.generation
        self._is_compressible: bool = made.compressible
        if isinstance(made, pydyf.Stream) and made.compress:
            made = _compressed(made)
        self._data: bytes = made.data

    @property
    def data(self) -> bytes:
        """The object without its number."""
        return self._data

    @property
    def compressible(self) -> bool:
        """Whether it may be part of an object stream."""
        return self._is_compressible


def write_once(_document: object, pdf: pydyf.PDF) -> None:
    """A finisher of WeasyPrint, which calls it when nothing of `pdf` will change any more."""
    pdf.objects = [made if made.free == "f" else Written(made) for made in pdf.objects]


def _compressed(stream: pydyf.Stream) -> pydyf.Stream:
    body = zlib.compress(b"\n".join(map(_bytes, stream.stream)), LEVEL)
    return pydyf.Stream([body], {**stream.extra, "Filter": "/FlateDecode"})


def _bytes(part: bytes | str | pydyf.Object) -> bytes:
    if isinstance(part, bytes):
        return part
    data: bytes = part.encode() if isinstance(part, str) else part.data
    return data
