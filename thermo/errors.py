"""The errors a user can meet: mistakes in the input, a step that cannot be taken, a folder that cannot be used."""

from __future__ import annotations

import re
from typing import NamedTuple

MOST_SHOWN = 20  # mistakes of one file printed in one go


def printable(text: object) -> str:
    """The text with control characters replaced, so that a name in a file cannot drive the terminal."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "\ufffd", str(text))


def shortened(text: object, most: int = 60) -> str:
    """The text as one line of at most `most` characters."""
    line = printable(text)
    return line if len(line) <= most else line[: most - 3] + "..."


class Mistake(NamedTuple):
    """One mistake of an input file: where it stands, what was found and what would be right."""

    file: str
    line: int | None
    key: str
    text: str

    def __str__(self) -> str:
        place = printable(self.file) + (f":{self.line}" if self.line else "")
        return ": ".join(part for part in (place, printable(self.key), printable(self.text)) if part)


class CaseError(Exception):
    """The input cannot be used; carries every mistake that was found. Exit code 2."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes), key=lambda m: (m.file, m.line or 0, m.key))
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """One line a mistake, the first `MOST_SHOWN` of them, then how many more there are."""
        shown = [str(mistake) for mistake in self.mistakes[:MOST_SHOWN]]
        more = len(self.mistakes) - MOST_SHOWN
        return shown + ([f"and {more} more mistakes"] if more > 0 else [])


class SolveError(Exception):
    """A step that cannot be taken: says time, place, temperature and step size. Exit code 3."""


class FolderError(Exception):
    """The output folder is in use, or holds something that is not overwritten unasked. Exit code 4."""


class FileError(Exception):
    """A file cannot be read or written. Exit code 5."""


class Stopped(Exception):
    """A signal stopped the run; what was done is in the checkpoint."""

    def __init__(self, signal: int, text: str) -> None:
        self.signal = signal
        super().__init__(text)
