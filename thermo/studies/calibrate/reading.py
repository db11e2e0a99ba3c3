"""A calibration made of its files: the case once for each record, the records themselves, and what does not fit."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from thermo.base.errors import CaseError, Mistake, did_you_mean
from thermo.case.case import Case
from thermo.casefile.reader import Document, Key
from thermo.programmes.arc import ArcProgramme
from thermo.studies.calibrate.arc_data import read_arc
from thermo.studies.calibrate.dsc_data import read_dsc
from thermo.studies.calibrate.forms import alone
from thermo.studies.calibrate.general import shared
from thermo.studies.calibrate.parameters import mechanism_arrays
from thermo.studies.calibrate.problem import Measured
from thermo.studies.calibrate.sampling import EXTRA, installed
from thermo.studies.calibrate.text import FREE, Calibration
from thermo.studies.member import Member, read_member


def read_calibration(document: Document, study: Calibration) -> tuple[list[Member], list[Measured], list[Mistake]]:
    """The case and the case of each record, the records, and every mistake of all files."""
    base, mistakes = read_member(document, "case", study.case, ("study", "case"))
    mistakes += [document.mistake(("study", *key), text) for key, text in study.problems()]
    if base is None:
        return [], [], mistakes
    if study.intervals == "sample" and not installed():
        mistakes.append(document.mistake(("study", "intervals"), EXTRA))
    found = _case_problems(base.case, study)
    mistakes += [document.mistake(("study", *key), text) for key, text in found]
    members, records = [base], []
    for name, entry in study.records.items():
        place = ("study", "records", name)
        mistakes += [document.mistake((*place, "set", key), "is fitted; it cannot be set") for key in entry.settings if _fitted(key, study)]
        member, wrong = read_member(document, name, entry.changed(study.case), place)
        mistakes += wrong
        if member is None:
            continue
        members.append(member)
        if found:
            continue
        mistakes += [document.mistake((*place, *key), text) for key, text in _record_problems(member.case, entry.kind)]
        path = Path(document.path).parent / entry.file
        try:
            read = read_dsc(name, entry, path, member.case) if entry.kind == "dsc" else read_arc(name, entry, path, member.case)
            records.append(Measured(name, member.case, read))
        except CaseError as error:
            mistakes += [_placed(document, (*place, "file"), mistake) for mistake in error.mistakes]
    return members, records, mistakes


def _fitted(key: str, study: Calibration) -> bool:
    """Whether a setting of a record speaks of a number that is fitted."""
    return any(
        key.endswith(f".{reaction}.{word}") or (word == "rate_constant" and key.endswith(f".{reaction}.pre_exponential_factor"))
        for reaction, free in study.fit.items()
        for word in FREE
        if getattr(free, word) is not None
    )


def _placed(document: Document, key: Key, mistake: Mistake) -> Mistake:
    """A mistake of a record: what concerns the file as a whole is wrong here; options of the command line are keys here."""
    text = re.sub(r"--(time|temperature|rate|voltage|heat-flow|heating-rate)", r"columns.\1", mistake.text)
    if mistake.line is None and not mistake.key:
        return document.mistake(key, f"{mistake.file}: {text}")
    return mistake._replace(text=text)


def _case_problems(case: Case, study: Calibration) -> list[tuple[Key, str]]:
    """What of the case cannot be fitted, below `study`."""
    cell = case.cell
    if cell is None:
        return [(("case",), "a calibration needs a cell of one temperature (sample.kind: lumped)")]
    text = cell.mechanism()
    if text is None:
        return [(("case",), "the cell has no chemistry: there is nothing to fit")]
    found: list[tuple[Key, str]] = []
    if cell.short is not None:
        found.append((("case",), "the cell has a short; records with a short cannot be fitted yet"))
    if cell.vent is not None:
        found.append((("case",), "the cell has a vent; records with a vent cannot be fitted yet"))
    names = list(text.reactions)
    mechanism = mechanism_arrays(case)[1]
    for name, free in study.fit.items():
        if name not in text.reactions:
            found.append((("fit", name), f"the chemistry has no reaction {name!r}" + did_you_mean(name, names)))
        elif free.heat is not None and mechanism.heat[names.index(name)] == 0.0:
            found.append((("fit", name, "heat"), "is zero in the case; give it a start other than zero"))
    together = [why for k, name in enumerate(names) if (why := alone(mechanism, k)) is not None]
    why = shared(mechanism) if together else None
    if why is not None:
        found.append((("case",), f"the mechanism {why}; such a mechanism cannot be fitted yet"))
    if together and study.beyond is not None:
        found.append((("beyond",), f"is not for reactions of which one {together[0]}"))
    for key, values in study.forms.items():
        reaction, _, word = key.rpartition(".")
        if reaction not in text.reactions or word != "order":
            found.append((("forms", key), f"choose REACTION.order of one of {', '.join(names)}"))
        elif not any(factor.kind == "order" for factor in text.reactions[reaction].factors):
            found.append((("forms", key), f"the reaction {reaction!r} has no factor of kind order"))
        elif not values:
            found.append((("forms", key), "is empty"))
    return found


def _record_problems(case: Case, kind: str) -> list[tuple[Key, str]]:
    """What of the case of a record does not fit its kind."""
    programme, mounting = case.programme, case.programme.mounting()
    if kind == "dsc":
        return []
    found: list[tuple[Key, str]] = []
    if kind == "arc" and not isinstance(programme, ArcProgramme):
        found.append(
            (("kind",), f"needs a case with a programme arc, found {programme.kind}; use kind: adiabatic for a record without a heater")
        )
    if mounting.conductance > 0.0:
        found.append((("set",), "the holder has a temperature of its own (holder.conductance); such a record cannot be fitted yet"))
    if mounting.lag > 0.0:
        found.append((("set",), "the sensor has a lag; such a record cannot be fitted yet"))
    return found


def files_of(study: Calibration, folder: Path) -> dict[str, str]:
    """The sha256 of the file of each record."""
    return {
        name: hashlib.sha256((folder / entry.file).read_bytes()).hexdigest() if (folder / entry.file).is_file() else ""
        for name, entry in study.records.items()
    }
