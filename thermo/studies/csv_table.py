"""Tables of a study from CSV files: a column of texts for each dotted key of the case."""

from __future__ import annotations

from pathlib import Path

from thermo.base.errors import CaseError, Mistake
from thermo.casefile.columns import read_sheet

LARGEST_TABLE = 50_000_000  # bytes


def csv_table(path: Path) -> tuple[dict[str, tuple[str, ...]], list[int]]:
    """Columns of a CSV file by the words of its first line, and the lines of its rows. Raises CaseError."""
    sheet = read_sheet(path, LARGEST_TABLE, "a table")
    mistakes = [Mistake(str(path), sheet.line, name, "appears twice") for name in set(sheet.names) if sheet.names.count(name) > 1]
    mistakes += [
        Mistake(str(path), line, "", f"has {len(row)} cells, but there are {len(sheet.names)} columns")
        for line, row in sheet.rows
        if len(row) != len(sheet.names)
    ]
    if sheet.line is None:
        mistakes.append(Mistake(str(path), None, "", "no line names the columns; the dotted keys of the case are needed"))
    if mistakes:
        raise CaseError(mistakes)
    return {name: tuple(row[j] for _, row in sheet.rows) for j, name in enumerate(sheet.names)}, [line for line, _ in sheet.rows]
