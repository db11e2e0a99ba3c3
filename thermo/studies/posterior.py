"""Joint draws of a calibration as inputs of a study: each point has one whole row of `posterior.csv`, so that correlations survive."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import BeforeValidator, Field, ValidationInfo

from thermo.base.errors import CaseError, FileError, Mistake, described
from thermo.case.case import Case, case_of
from thermo.casefile.mending import Unknown
from thermo.casefile.models import make, misplaced, quantities
from thermo.casefile.reader import Document, Key, read_document
from thermo.casefile.settings import change
from thermo.chemistry.mechanism import MechanismOfFile, MechanismText
from thermo.studies.csv_table import csv_table
from thermo.studies.inputs import number_of

_COLUMN = re.compile(r"sample\.with\.(?P<reaction>.+)\.(?P<word>pre_exponential_factor|activation_energy|heat)")


class Posterior(NamedTuple):
    """Draws: texts with units by dotted key of the case, a row for each draw; the unit of each key, empty for a heat written as a block.

    `file` is the table as the study names it, `path` where it lies, `sha256` that of its bytes, `mechanism` what was fitted.
    """

    file: str
    path: Path
    sha256: str
    columns: dict[str, tuple[str, ...]]
    units: dict[str, str]
    mechanism: MechanismText

    @property
    def n_rows(self) -> int:
        """How many draws."""
        return len(next(iter(self.columns.values())))

    def drawn(self, points: int, seed: int) -> list[dict[str, str]]:
        """A row for each point, the same for the same seed; a row comes twice only where there are more points than rows."""
        stream = np.random.default_rng([seed, 1])  # not that of the design, which begins with the seed alone
        rows = stream.choice(self.n_rows, points, replace=points > self.n_rows)
        return [{name: column[i] for name, column in self.columns.items()} for i in rows]

    def words(self, points: int) -> str:
        """What the points take of it, in words."""
        again = f"; {points} points have more than its {self.n_rows} rows, so rows come again" if points > self.n_rows else ""
        return f"{len(self.columns)} numbers of the chemistry are rows of {self.file}{again}"

    def assumed(self) -> list[dict[str, Any]]:
        """Numbers that the records left open, as the mechanism states; with what holds 90 % of their draws."""
        made = []
        for name, column in self.columns.items():
            stated = getattr(self.mechanism.reactions[_place(name)[0]], _place(name)[1])
            told = [quantity for _, quantity in quantities(stated) if quantity.status == "assumed"]
            if told and self.units[name]:
                ends = np.quantile([number_of(cell).value for cell in column], (0.05, 0.95))
                words = [f"{end:.6g} {self.units[name]}" for end in ends]
                made.append({"key": name, "form": "posterior", "ends": words, "status": "assumed", "source": told[0].source})
        return made


def _place(name: str) -> tuple[str, str]:
    """The reaction and the number that a column is of."""
    match = _COLUMN.fullmatch(name)
    assert match is not None
    return match["reaction"], match["word"]


def read_posterior(said: str, folder: Path) -> Posterior:
    """The draws that a study names, by their table or by the mechanism beside it. Raises CaseError.

    `mechanism.yaml` has `posterior.csv` beside it, `mechanism-RECORD.yaml` has `posterior-RECORD.csv`.
    """
    named = folder / said
    ending = {".yaml": ".csv", ".yml": ".csv", ".csv": ".yaml"}.get(named.suffix)
    if ending is None:
        raise CaseError([Mistake(said, None, "", "name the mechanism.yaml of a calibration, or the posterior.csv beside it")])
    stem, other = ("mechanism", "posterior") if ending == ".csv" else ("posterior", "mechanism")
    beside = named.with_name(other + (named.stem.removeprefix(stem) if named.stem.startswith(stem) else "") + ending)
    table, mechanism = (beside, named) if ending == ".csv" else (named, beside)
    if not named.exists():
        raise CaseError([Mistake(str(named), None, "", "there is no such file")])
    text, mistakes = make(MechanismText, read_document(mechanism))
    columns, lines = csv_table(table)
    if text is not None:
        mistakes += _column_mistakes(table, mechanism, columns, text)
    if not any(columns.values()):
        mistakes.append(Mistake(str(table), 1, "", "has a header but no row below it"))
    if mistakes:
        raise CaseError(mistakes)
    units = {name: _unit(table, lines, name, column) for name, column in columns.items()}
    shown = str(Path(said).with_name(table.name))
    return Posterior(
        shown, table, hashlib.sha256(table.read_bytes()).hexdigest(), columns, units, MechanismOfFile.model_construct(**dict(text))
    )


def _column_mistakes(table: Path, mechanism: Path, columns: dict[str, tuple[str, ...]], text: MechanismText) -> list[Mistake]:
    """Columns that are no numbers of the mechanism."""
    wrong = [name for name in columns if (match := _COLUMN.fullmatch(name)) is None or match["reaction"] not in text.reactions]
    return [Mistake(str(table), 1, name, f"is no fitted number of a reaction of {mechanism}") for name in wrong[:1]]


def _unit(table: Path, lines: list[int], name: str, column: tuple[str, ...]) -> str:
    """The unit of a column; empty where its cells are blocks, as heats per mass are. Raises CaseError at a cell that is no number."""
    if all(cell.startswith("{") for cell in column):
        return ""
    unit = None
    for line, cell in zip(lines, column, strict=True):
        try:
            number = number_of(cell)
        except ValueError as error:
            raise CaseError([Mistake(str(table), line, name, str(error))]) from None
        unit = number.unit if unit is None else unit
        if number.unit != unit:
            raise CaseError([Mistake(str(table), line, name, f"has the unit {number.unit!r}; the rows above have {unit!r}")])
    return unit or ""


def _read(value: Any, info: ValidationInfo) -> Any:
    """The draws of a name in a study file."""
    if isinstance(value, Unknown):  # its mistake is told; the study is read on for others
        return value
    if not isinstance(value, str):
        raise misplaced([((), f"the name of a file is needed, found {described(value)}")])
    try:
        return read_posterior(value, info.context["folder"] if info.context else Path())
    except (CaseError, FileError) as error:
        mistakes = error.mistakes if isinstance(error, CaseError) else [Mistake(value, None, "", str(error))]
        raise misplaced([((), str(mistake)) for mistake in mistakes]) from None


Draws = Annotated[Any, BeforeValidator(_read), Field(json_schema_extra={"type": "string"})]


def posterior_problems(posterior: Posterior, case: Case, member: Document) -> list[tuple[Key, str]]:
    """Whether a case has the chemistry that the draws are of, and takes their least and their largest numbers."""
    cell = case.cell
    text = None if cell is None else cell.mechanism()
    if text is None:
        return [((), f"{posterior.file} changes the chemistry of a cell of one temperature, and this case has none")]
    beside = posterior.path.with_name(posterior.path.name.replace("posterior", "mechanism")).with_suffix(".yaml").name
    for name in dict.fromkeys(_place(column)[0] for column in posterior.columns):
        if text.reactions.get(name) != posterior.mechanism.reactions[name] or text.gas_constant != posterior.mechanism.gas_constant:
            found = "is another one" if name in text.reactions else "is missing"
            return [
                ((), f"the draws are of another chemistry: reaction {name!r} {found} in the case; take 'chemistry: {beside}' unchanged")
            ]
    rows = set()
    for name, column in posterior.columns.items():
        values = [number_of(cell).value for cell in column] if posterior.units[name] else range(len(column))
        rows |= {int(np.argmin(values)), int(np.argmax(values))}
    for row in sorted(rows):
        try:
            case_of(change(member, [f"{name}={column[row]}" for name, column in posterior.columns.items()]))
        except CaseError as error:
            return [((), f"row {row + 1} of {posterior.file}: {error.mistakes[0].key}: {error.mistakes[0].text}")]
    return []
