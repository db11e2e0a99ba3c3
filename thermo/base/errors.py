"""The errors a user can meet: mistakes in the input, a step that cannot be taken, a folder that cannot be used."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

MOST_SHOWN = 20  # mistakes of one file printed in one go


# controls, marks that turn the direction of text or have no width, line separators, halves of characters
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def printable(text: object) -> str:
    """The text with control characters replaced, so that a name in a file cannot drive the terminal."""
    return _UNPRINTABLE.sub("\ufffd", str(text))


def shortened(text: object, most: int = 60) -> str:
    """The text as one line of at most `most` characters."""
    line = printable(text)
    return line if len(line) <= most else line[: most - 3] + "..."


def described(node: object) -> str:
    """What was found in a file, in the words of a case file."""
    if node is None:
        return "nothing"
    if isinstance(node, bool):
        return "true" if node else "false"
    if isinstance(node, dict):
        names = ", ".join(shortened(name, 20) for name in list(node)[:3]) + (", ..." if len(node) > 3 else "")
        return f"a block of keys ({names})" if node else "an empty block"
    if isinstance(node, list | tuple):
        return f"a list of {len(node)}" if node else "an empty list"
    return repr(shortened(node)) if isinstance(node, str) else shortened(node)


MOST_COMPARED = 200  # names looked through for a suggestion; a file of many mistakes must not take minutes


def closest(name: str, known: Sequence[str]) -> str | None:
    """The known name that somebody probably meant, or None: few edits away, or much the same letters."""
    word = _folded(name)[:40]
    best: tuple[float, str] | None = None
    for candidate in itertools.islice(known, MOST_COMPARED):
        other = _folded(candidate)[:40]
        most = max(1, min(len(word), len(other)) // 3)
        if abs(len(word) - len(other)) <= most:
            n = _edits(word, other)
            if n <= most and n < max(len(word), len(other)) and (best is None or n < best[0]):
                best = (n, candidate)
    if best is not None:
        return best[1]
    folded = {_folded(candidate): candidate for candidate in itertools.islice(known, MOST_COMPARED)}
    close = difflib.get_close_matches(word, folded, 1, 0.6)
    return folded[close[0]] if close else None


def _folded(name: object) -> str:
    return str(name).lower().replace("_", "-")


def _edits(a: str, b: str) -> int:
    """Letters to insert, drop, replace or swap with their neighbour to make one word of the other."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        older, before, row = before, row, [i] + [0] * len(b)
        for j, other in enumerate(b, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[-1]


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """`; did you mean 'x'?` where a known name is close, else the known names."""
    names = [str(k) for k in known]
    match = closest(str(name), names)
    if match is not None:
        return f"; did you mean {shortened(match, 40)!r}?"
    if not names:
        return "; there is none"
    word = "choose one of" if len(names) > 1 else "choose"
    return f"; {word} " + ", ".join(repr(shortened(n, 40)) for n in names[:8]) + (", ..." if len(names) > 8 else "")


def among(name: object, known: Iterable[object]) -> str:
    """The same with all names there are, for what only this body has."""
    names = [str(k) for k in known]
    found = did_you_mean(name, names)
    return found + " choose one of " + ", ".join(repr(shortened(n, 40)) for n in names) if found.endswith("?") else found


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
        self.mistakes = sorted(set(mistakes), key=lambda m: (m.file, m.line or 0, m.key, m.text))
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """One line a mistake, the first `MOST_SHOWN` of them, then how many more there are."""
        shown = [str(mistake) for mistake in self.mistakes[:MOST_SHOWN]]
        more = len(self.mistakes) - MOST_SHOWN
        return shown + ([f"and {more} more mistake{'s' if more > 1 else ''}"] if more > 0 else [])


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
