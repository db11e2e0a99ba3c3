"""All records of a calibration as one least-squares problem: residuals by the vector of parameters, priors among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.case.case import Case
from thermo.studies.calibrate.arc_data import ArcData
from thermo.studies.calibrate.dsc_data import DscData
from thermo.studies.calibrate.general import GeneralArcModel, GeneralDscModel
from thermo.studies.calibrate.models import ArcModel, DscModel, Model
from thermo.studies.calibrate.parameters import Affine, Parameter, Start, affine_of, reactions_of
from thermo.studies.calibrate.text import Calibration, Scale

FIXED_SCATTER = 0.002  # of a row interval, with which a fit begins whose scatter is fitted


class Measured(NamedTuple):
    """A record with its case."""

    name: str
    case: Case
    data: ArcData | DscData


class Problem:
    """Residuals of all records and priors by one vector: `parameters` first, then what is each record's own.

    `floor` is a share of the observed rate that is added to every rate: a start that is far off still has a course.
    """

    def __init__(self, study: Calibration, parameters: Sequence[Parameter], starts: dict[str, Start], members: Sequence[Measured]) -> None:
        self.study, self.parameters, self.members = study, list(parameters), list(members)
        scatter = FIXED_SCATTER if study.scatter == "fitted" else float(study.scatter)
        self.models: list[Model] = [_model(study, member, starts, scatter) for member in members]
        self.n_free = len(self.parameters)
        self.n = self.n_free + sum(model.n_own for model in self.models)
        self.maps: list[Affine] = []
        first = self.n_free
        own = []
        for member, model in zip(members, self.models, strict=True):
            soc = study.records[member.name].soc
            self.maps.append(
                affine_of(
                    member.case, member.name, None if soc is None else float(soc), self.parameters, starts, model.n_own, first, self.n
                )
            )
            own += [model.own_bounds] * model.n_own
            first += model.n_own
        self.low = np.array([p.low for p in self.parameters] + [-bound for bound in own])
        self.high = np.array([p.high for p in self.parameters] + own)
        self.start = np.array([p.start for p in self.parameters] + [0.0] * len(own))
        self.priors = [(i, *p.prior) for i, p in enumerate(self.parameters) if p.prior is not None]
        self.starts = starts
        self.floor = 1e-6
        self.evaluations = 0

    def evaluate(self, x: Floats, gradient: bool) -> tuple[Floats, Floats]:
        """Residuals (m,) and their Jacobian (m, n)."""
        found, by = [], []
        self.evaluations += 1
        for model, affine in zip(self.models, self.maps, strict=True):
            made = model.evaluate(affine.of(x), gradient, self.floor)
            found.append(made.residual)
            if made.jacobian is not None:
                by.append(made.jacobian @ affine.matrix)
        for i, mean, sd in self.priors:
            found.append(np.array([(x[i] - mean) / sd]))
            row = np.zeros((1, self.n))
            row[0, i] = 1.0 / sd
            by.append(row)
        return np.concatenate(found), np.concatenate(by) if gradient else np.zeros((0, self.n))

    def of_record(self, i: int, x: Floats) -> Floats:
        """The whitened residuals of one record."""
        return self.models[i].evaluate(self.maps[i].of(x), False, self.floor).residual


def _model(study: Calibration, member: Measured, starts: dict[str, Start], scatter: float) -> Model:
    reactions, text = reactions_of(member.case, starts), study.records[member.name]
    general = not reactions.forms
    if isinstance(member.data, DscData):
        scale = text.scale or Scale()
        if general:
            return GeneralDscModel(member.data, reactions, float(scale.value), float(scale.sd), text.baseline == "straight", member.case)
        return DscModel(member.data, reactions, float(scale.value), float(scale.sd), text.baseline == "straight")
    made = getattr(member.case.programme, "calorimeter", None)
    kept = made is None or (made.loss == 0.0 and made.radiating_area == 0.0)
    if general:
        return GeneralArcModel(member.data, reactions, scatter, kept, member.case)
    return ArcModel(member.data, reactions, scatter, kept, study.beyond == "goes-on")
