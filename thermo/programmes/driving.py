"""What every programme answers as a part of a case: how it drives a cell or a body, what does not fit, what is read off its test.

Nobody else asks which programme it is. A new one is a class with a `kind` here beside the others, and a place in the union of the case.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from thermo.base.arrays import Floats
from thermo.casefile.models import Frozen
from thermo.materials.storage import Storage

Terms = tuple[tuple[str, Any], ...]
Problems = list[tuple[tuple[Any, ...], str]]  # keys below `programme`; those that begin with ".." from the top of the case


class Mounting(NamedTuple):
    """What is heated with a cell: `with_cell` [J/K] at its temperature, a `holder` [J/K] coupled to it by `conductance` [W/K] (0: none),
    a sensor with a `lag` [s] (0: none) on the cell or on the holder; `phi`: heat capacity of all that is at its temperature, over its own.
    """

    with_cell: float = 0.0
    holder: float = 0.0
    conductance: float = 0.0
    sensor_on_holder: bool = False
    lag: float = 0.0
    phi: float = 1.0


class OnBody(NamedTuple):
    """How a programme drives a body with faces: by the `machine` that the loop asks, which acts on the faces that its `wall` sees, and by
    its power on what is `heated`, a face or a region; it looks at the probe `seen` with a `lag` [s]."""

    machine: Any
    wall: tuple[str, ...] = ()
    heated: str | None = None
    seen: str | None = None
    lag: float = 0.0


class Rows(NamedTuple):
    """A run as an instrument saw it, arrays (n,): time [s], its sensor's temperature [K] and rate [K/s], the machine (n, N_MACHINE), the
    heat that all reactions have released so far [J]."""

    time: Floats
    temperature: Floats
    rate: Floats
    machine: Floats
    released: Floats


class Reader:
    """What is read off a test. This one is for programmes without an instrument: they look for nothing."""

    sensitivity: float = 1e-9  # K/s, below which a sample is taken to be at rest
    watches_onsets: bool = False  # whether an instrument looks for them, whose own heating is no self-heating

    def columns(self, time: Floats, machine: Floats, temperature: Floats, power: Floats) -> dict[str, Any]:
        """Columns of the history, from time [s], machine, temperature of the sample [K], heat that reactions leave in it [W]."""
        return {}

    def own_rates(self, rate: Floats, machine: Floats, own: Floats | None) -> tuple[Floats, Any, Any]:
        """The rates (n,) that T2 counts [K/s]; the rows in which they are not the sample's own; those in which others heat it more.

        They are `own`, the self-heating of the sample whatever is around it. Others heat it more where dT/dt is more than twice that.
        """
        own = np.zeros(len(rate)) if own is None else own  # nothing reacts
        return own, np.zeros(len(rate), bool), (own < 0.5 * rate) | self.forced

    @property
    def forced(self) -> bool:
        """Whether the temperature is given, whatever the sample does."""
        return False

    @property
    def free(self) -> bool:
        """Whether what is around the sample heats it freely: no instrument looks at it, and nothing sets its temperature."""
        return not self.forced

    def heating(self, rate: Floats, machine: Floats) -> Any:
        """Rows (n,) in which an instrument heats."""
        return np.zeros(len(rate), bool)

    def last_row(self, machine: Floats) -> int:
        """The row in which the test is over; a record of it may go on."""
        return len(machine) - 1

    def summary(self, rows: Rows, columns: dict[str, Any], end_reason: str) -> dict[str, Any]:
        """What it found, as the summary has it; `onsets` of it are added to those that follow from the rates alone."""
        return {}

    def warnings(self, summary: dict[str, Any]) -> list[dict[str, Any]]:
        """What there is to say of what it found."""
        return []


class Driving(Frozen):
    """A programme in a case.

    steady : it asks where conditions lead in the end, and time has no meaning
    stability : it asks whether that is stable while reactions make heat, whose composition stays
    start_key : the key by which it says itself where the sample starts; empty where the sample says that
    in_air : it needs the `surface` of a cell
    on_body_starts_itself : a body may start elsewhere all the same
    """

    steady: ClassVar[bool] = False
    stability: ClassVar[bool] = False
    start_key: ClassVar[str] = ""
    in_air: ClassVar[bool] = False
    on_body_starts_itself: ClassVar[bool] = False

    def terms(self) -> Terms:
        """Each condition on a body with the name of its face, or of its region."""
        return ()

    def held(self) -> dict[str, Any]:
        """The temperature of each face that is held at one."""
        return {name: condition.outside for name, condition in self.terms() if condition.holds}

    def starts_at(self) -> float | None:
        """The temperature that it starts the sample at [K]; None where the sample says that."""
        return float(getattr(self, self.start_key)) if self.start_key else None

    def lasts(self) -> float:
        """How long it goes on at most [s]; infinite where that is not known."""
        return float(getattr(self, "end", np.inf))

    def rounds(self) -> float:
        """How often it heats and waits."""
        return 1.0

    def moments(self) -> Floats:
        """Times at which rows are wanted beside those of the steps [s]."""
        return np.zeros(0)

    def mounting(self) -> Mounting:
        """What is heated with a cell."""
        return Mounting()

    def on_cell(self, surface: float, heat_capacity: float) -> Any:
        """The machine that the loop asks, for a cell of a surface [m2] and a heat capacity at 25 degC [J/K] with what is heated with it."""
        raise NotImplementedError

    def on_body(self) -> OnBody:
        """How it drives a body with faces, where that fits."""
        return OnBody(None)

    def reader(self, machine: Any, capacity: Storage | None, tolerance: float) -> Reader:
        """What reads its test off the rows of a run of that `machine`.

        `capacity` of a cell without what is heated with it, one node, None of a body; `tolerance` of the temperature in a step [K].
        """
        return Reader()

    def cell_problems(self, cell: Any) -> Problems:
        """What does not fit a cell of one temperature."""
        return []

    def body_problems(self, body: Any, probes: Any) -> Problems:
        """What does not fit a body with faces, whose probes a case names."""
        return []

    def written(self, rows: Rows, last: int) -> dict[str, Floats] | None:
        """What a logger has written until after the `last` row of the test, time [s] and temperature [K], if the case asks for it."""
        return None

    def too_long(self, time: Floats) -> bool:
        """Whether the record that the case asks for has more rows than one may have, the test having the rows `time` [s]."""
        return False
