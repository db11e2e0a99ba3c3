"""One protocol: whatever can be stepped answers it, a cell, a mesh, a box in mode space, and who runs it asks no class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from thermo.base.arrays import Floats
from thermo.heat.discretised import Frame
from thermo.measurement.readings import Reading
from thermo.programmes.driving import Reader
from thermo.stepping.loop import State, Stepper
from thermo.stepping.rows import History


class Prepared(Protocol):
    """A sample put together under its programme.

    sample, programme : what the loop steps, classes of their own with a body of each question
    reader : what reads the test off its rows
    probes : what is read in every row, by name
    sensor : the probe that an instrument follows, or whose rate tells an onset; None where nothing looks
    reactions : names of all that releases heat
    n_dofs, n_sites : nodes, and sites of reactions
    steps_at_once : between two looks at the clock
    energy_limit : of the heat exchanged, beyond which a run counts as failed
    """

    sample: Any  # a class that the loop has bodies for: there is no other thing that they have in common
    programme: Any
    reader: Reader
    probes: dict[str, Reading]
    sensor: str | None
    reactions: list[str]
    n_dofs: int
    n_sites: int
    steps_at_once: int

    @property
    def energy_limit(self) -> float:
        """See above."""

    def stepper(self) -> Stepper:
        """The loop over steps."""

    def settled(self, state: State) -> Iterator[History]:
        """The one row of a steady programme, the state being put in place; TypeError where no such programme has this sample.

        Raises SolveError where it is not found.
        """

    def fields(self, field: Floats) -> dict[str, Floats]:
        """What a field file has beside temperatures, by name, at the points of the whole body, from a field of the history."""

    def notes(self) -> list[str]:
        """What is said in the log."""

    def frame(self) -> Frame | None:
        """The whole body for a field file; None where there is no field."""

    def unfolded(self, temperature: Floats) -> Floats:
        """Nodal temperatures of the whole body from a field of the history."""

    def heat_flux(self, frame: Frame, temperature: Floats) -> Floats:
        """Heat flux of the cells of a frame [W/m2] from the temperatures of its points."""

    def columns(self, block: History) -> dict[str, Any]:
        """Columns of the history for the rows of a block; those whose names begin with `row/` are kept for the summary alone."""

    def released_by(self, ledger: Floats) -> dict[str, Floats]:
        """Heat so far [J] at the rows of a ledger, of each reaction whose power at the rows is held against it."""

    def number(self, probe: str) -> int:
        """The number that the loop asks a probe by; SEEN of one that is what the sensor shows."""

    def initial(self, probe: str) -> float:
        """What a probe reads at the start [K]."""

    def coldest_start(self) -> float:
        """The lowest temperature that it starts at [K]."""

    def summary(self, columns: dict[str, Any], rows: dict[str, Floats], state: State) -> dict[str, Any]:
        """What a summary says of this sample beside what it says of any: fields and what follows from them, amounts of species."""

    def energy(self, state: State, begun: Floats) -> dict[str, Any]:
        """The balance of the run; `begun` is the enthalpy at the start."""

    def moved(self, state: State, begun: Floats, rows: dict[str, Floats]) -> float:
        """Heat that has moved within the sample [J]."""

    def rounding(self, energy: dict[str, Any], state: State) -> float:
        """What digits leave open in the balance [J], of a steady state [W]."""

    def warnings(self, state: State, summary: dict[str, Any], columns: dict[str, Any]) -> list[dict[str, Any]]:
        """What there is to say of the sample and of how it was resolved."""

    def blame(self, state: State) -> str:
        """What makes most heat at this moment, in words that follow a sentence; empty where nothing can be blamed."""

    def references(self) -> dict[str, float]:
        """Mass [kg] and charge [Ah] that heats are referred to, as far as they are known."""

    def stored(self, temperature: float) -> float:
        """Enthalpy of the sample and all that is heated with it [J], were all of it at one temperature [K]."""
