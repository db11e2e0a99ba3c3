"""A result of before, for programs and notebooks: its numbers, its fields, its curves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thermo.base.errors import FileError
from thermo.results import vtu
from thermo.results.store import read_history, read_json

if TYPE_CHECKING:
    import pyvista
    from matplotlib.figure import Figure


class Loaded(NamedTuple):
    """A result of before. `summary` is what summary.json holds: SI, the unit in every key; `columns` are those of history.csv by name."""

    folder: Path
    summary: dict[str, Any]
    columns: dict[str, NDArray[Any]]

    @property
    def history(self) -> Any:
        """The columns of history.csv: a pandas DataFrame where pandas is installed, else a dictionary of arrays (n_rows,).

        Numbers are NaN where a cell is empty; `phase` has words. `history["sample_K"]` works with both.
        """
        try:
            import pandas
        except ImportError:
            return self.columns
        return pandas.DataFrame(self.columns)

    @property
    def times(self) -> tuple[float, ...]:
        """The times at which the fields were kept [s]; none for a cell of one temperature."""
        from viz.read import read_frames

        return tuple(frame.time for frame in read_frames(self.folder))

    def grid(self, time: float | None = None) -> pyvista.UnstructuredGrid:
        """The mesh with its fields at a time [s], by default the last one; in metres.

        Between two frames every field of the points goes in a straight line over time; `field_data["TimeValue"]` is the time.

        Raises
        ------
        ValueError : there are no fields, or none around that time
        FileError : a frame cannot be read
        """
        from viz.read import read_frames

        frames = read_frames(self.folder)
        if not frames:
            raise ValueError(f"{self.folder}: the result has no fields: its sample is not meshed, or no pictures were asked for")
        at = frames[-1].time if time is None else float(time)
        first, last = frames[0].time, frames[-1].time
        if not first <= at <= last:
            raise ValueError(f"the fields go from {first:g} s to {last:g} s, and {at:g} s is not within")
        row = next(i for i, frame in enumerate(frames) if frame.time >= at)
        made = _frame(frames[row].file)
        if frames[row].time > at:
            before = _frame(frames[row - 1].file)
            share = (at - frames[row - 1].time) / (frames[row].time - frames[row - 1].time)
            for name in made.point_data:
                made.point_data[name] = (1.0 - share) * before.point_data[name] + share * made.point_data[name]
        made.field_data["TimeValue"] = np.array([at])
        made.set_active_scalars("temperature_degC" if "temperature_degC" in made.point_data else "temperature_K")
        return made

    def plot(self, what: str | None = None) -> Figure:
        """A figure of the run; by default the first that applies.

        `probes` of a body, `temperature` or `rate` of a cell, `heat_flow` of a scan; `release`, `conversion`, `arrivals`, `energy`.

        Raises
        ------
        ValueError : the history has no such curve
        """
        from viz import charted, curves, theme
        from viz.read import read_run
        from viz.report.courses import heat_flows

        run = read_run(self.folder)
        scan = "heat_flow_W" in run.columns
        known: dict[str, Callable[[], Figure]] = {}
        if scan:
            known["heat_flow"] = lambda: charted.figure([heat_flows([run])])
        elif run.is_cell:
            colours = {run.name: theme.colour(0)}
            known |= {"temperature": lambda: curves.temperature([run], colours), "rate": lambda: curves.rate([run], colours)}
        others = charted.pictures_of(run)
        if "curves" in others:
            known["probes"] = others.pop("curves")
        known |= others
        chosen = what or next(iter(known), None)
        if chosen is None or chosen not in known:
            raise ValueError(f"{self.folder}: there is no plot {chosen!r} of it; it has {', '.join(known) or 'none'}")
        return known[chosen]()


def _frame(file: Path) -> pyvista.UnstructuredGrid:
    """A frame as a grid. Raises FileError where it cannot be read; VTK's own reader only complains of that."""
    import pyvista

    try:
        mesh = vtu.read(file)
        made = pyvista.from_meshio(mesh)
        for name, values in mesh.field_data.items():
            made.field_data[name] = np.asarray(values)
    except Exception as error:  # a damaged file fails in many ways, and each means the same
        raise FileError(f"{file}: cannot be read: {type(error).__name__}: {error}") from None
    return made


def load(folder: str | Path) -> Loaded:
    """The result of a case from its folder.

    Parameters
    ----------
    folder : a result folder, as `thermo run` leaves it

    Returns
    -------
    Loaded : its `summary`, its `history`, its fields by `grid(time)` and its curves by `plot()`

    Raises
    ------
    FileError : there is no finished result of a case, or one that cannot be read

    Examples
    --------
    >>> load("results/nothing")
    Traceback (most recent call last):
    thermo.base.errors.FileError: results/nothing: there is no summary.json of a case: this is not a finished result folder
    """
    path = Path(folder)
    summary = read_json(path / "summary.json")
    if not isinstance(summary, dict) or "onsets" not in summary:
        raise FileError(f"{path}: there is no summary.json of a case: this is not a finished result folder")
    try:
        return Loaded(path, summary, read_history(path / "history.csv"))
    except ValueError as error:
        raise FileError(str(error)) from None
