"""How much a file may ask of this machine before it is refused."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """All in bytes, but for `ratio`, decompressed bytes for one compressed byte, and `members` of an archive.

    Call records shrink 5 to 30 times; a bomb shrinks 1,000 times. The ratio is looked at once
    `ratio_from` bytes came out, so that a small file of equal lines is no bomb.
    """

    line: int = MIB
    block: int = 4 * MIB
    content: int = 64 * 1024 * MIB
    ratio: int = 200
    ratio_from: int = 64 * MIB
    members: int = 100
