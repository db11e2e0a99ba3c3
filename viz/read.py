"""A result folder as plain data: summary, history, frames, what was resolved of the case, the members of a study."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thermo.base.constants import ZERO_CELSIUS
from thermo.base.errors import printable
from thermo.results import vtu
from thermo.results.store import plain_name, read_history, read_json

Floats = npt.NDArray[np.float64]
CRITERION_FIRST = "1 K/s"  # of several criteria for T2 the one that is drawn, if it was met


class Frame(NamedTuple):
    """One moment of the field: time [s] and its file."""

    time: float
    file: Path


class Patch(NamedTuple):
    """The square around a part of a face: corners [m] and the temperature at which it is held [K], if it is."""

    name: str
    face: str
    low: tuple[float, float]
    high: tuple[float, float]
    held: float | None
    disc: bool = False


class Mark(NamedTuple):
    """A temperature worth marking: T1, T2, T3 or cessation."""

    name: str
    time: float
    temperature: float


class Field(NamedTuple):
    """A frame on a tensor grid: coordinates along each axis [m], temperature (nx, ny, nz) [K], material of the cells."""

    axes: tuple[Floats, Floats, Floats]
    temperature: Floats
    material: npt.NDArray[np.int64]

    @property
    def weights(self) -> Floats:
        """The share of the body's volume at each node."""
        made = np.ones(1)
        for axis in self.axes:
            steps = np.diff(axis)
            made = np.multiply.outer(made, np.append(steps, 0.0) + np.append(0.0, steps))
        return np.asarray(made[0] / made.sum())


KINDS = ("line", "triangle", "quad", "tetra", "hexahedron")


class Cells(NamedTuple):
    """A frame as it is stored: points (n, 3) [m], cells of one kind, temperature of the points [K], material of the cells."""

    points: Floats
    cells: npt.NDArray[np.int64]
    kind: str
    temperature: Floats
    material: npt.NDArray[np.int64]

    @property
    def temperature_c(self) -> Floats:
        """Temperature of the points [degC]."""
        return self.temperature - ZERO_CELSIUS

    @property
    def weights(self) -> Floats:
        """About the share of the body's volume at each point: each cell counts by the box around it."""
        size = np.prod(np.maximum(np.ptp(self.points[self.cells], axis=1), 1e-12), axis=1)
        made = np.bincount(self.cells.ravel(), weights=np.repeat(size, self.cells.shape[1]), minlength=len(self.points))
        return made / made.sum()  # type: ignore[no-any-return]


class Run(NamedTuple):
    """The result of one case. `columns` are the columns of its history, `case` what `resolved.yaml` says."""

    name: str
    folder: Path
    summary: dict[str, Any]
    columns: dict[str, npt.NDArray[Any]]
    frames: tuple[Frame, ...]
    case: dict[str, Any]

    @property
    def time(self) -> Floats:
        """Times of the rows [s]."""
        return self.columns["time_s"]

    @property
    def title(self) -> str:
        """The title of the case."""
        return printable(str(self.summary.get("title") or self.name))

    @property
    def is_cell(self) -> bool:
        """Whether it is a sample of one temperature, of which the history has the rate."""
        return "rate_K_per_s" in self.columns and "sample_K" in self.columns

    @property
    def probes(self) -> tuple[str, ...]:
        """Names of the points at which the temperature was read."""
        found = [name.removesuffix("_K") for name in self.columns if name.endswith("_K")]
        asked = [name for name in found if "|" not in name]  # sides of contacts, which the history has of itself
        return tuple(asked or found)

    @property
    def phase(self) -> npt.NDArray[np.str_]:
        """What the instrument was doing in each row; empty words without an instrument."""
        return self.columns.get("phase", np.full(len(self.time), ""))

    def marks(self) -> list[Mark]:
        """T1, T2, T3 and cessation, those that there are."""
        onsets = self.summary.get("onsets") or {}
        criteria = onsets.get("T2") or {}
        met = [criteria[name] for name in (CRITERION_FIRST, *criteria) if criteria.get(name)]
        found = {"T1": onsets.get("T1"), "T2": met[0] if met else None, "T3": onsets.get("T3"), "cessation": onsets.get("cessation")}
        return [Mark(name, entry["time_s"], entry["temperature_K"]) for name, entry in found.items() if entry]

    def sensitivity(self) -> float | None:
        """The rate from which the instrument speaks of self-heating [K/s]."""
        return number(_at(self.case, "programme", "sensitivity"))

    def crossings(self) -> dict[str, tuple[str, float]]:
        """Probe and time [s] of each crossing that happened and whose probe is known."""
        asked = _at(self.case, "measure", "crossings") or {}
        found = {name: entry for name, entry in (self.summary.get("crossings") or {}).items() if entry}
        return {name: (asked[name]["probe"], entry["time_s"]) for name, entry in found.items() if _at(asked, name, "probe") in self.probes}

    def patches(self) -> list[Patch]:
        """The patches of a block, held ones first."""
        found = []
        for name, entry in (_at(self.case, "sample", "patches") or {}).items():
            side, centre = number(_at(entry, "square")) or number(_at(entry, "disc")), [number(c) for c in _at(entry, "centre") or ()]
            if side is None or len(centre) != 2 or centre[0] is None or centre[1] is None:
                continue
            x, y, half = centre[0], centre[1], 0.5 * side
            terms = _at(self.case, "programme", "faces", name) or ()
            held = next((number(_at(term, "temperature")) for term in terms if _at(term, "kind") == "held"), None)
            found.append(
                Patch(
                    str(name),
                    str(entry.get("face", "top")),
                    (x - half, y - half),
                    (x + half, y + half),
                    held,
                    number(_at(entry, "disc")) is not None,
                )
            )
        return sorted(found, key=lambda patch: patch.held is None)

    @property
    def kind(self) -> str:
        """The kind of cells of its frames; empty where there are none."""
        return read_cells(self.frames[0].file).kind if self.frames else ""

    @property
    def axisymmetric(self) -> bool:
        """Whether its plane is (r, z)."""
        return bool(_at(self.case, "sample", "coordinates") == "axisymmetric")

    def known_range(self) -> tuple[float, float] | None:
        """Between which temperatures a body without sources must stay [K]: those at its start and those held."""
        start = _at(self.case, "sample", "temperature")
        starts = [number(start)] if number(start) is not None else [number(t) for t in start.values()] if isinstance(start, dict) else []
        values = [t for t in (*starts, *(patch.held for patch in self.patches())) if t is not None]
        return (min(values), max(values)) if len(values) > 1 else None

    def layers(self) -> list[str]:
        """Names of the layers by the number that the frames give their material."""
        file = self.folder / "fields" / "materials.csv"
        if not file.is_file():
            return []
        with open(file, newline="", encoding="utf-8") as lines:
            return [row["name"] for row in csv.DictReader(lines)]


def _at(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def number(entry: Any) -> float | None:
    """A number as `resolved.yaml` has it, alone or with unit and source; None if it is none."""
    value = entry.get("value") if isinstance(entry, dict) else entry
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def read_frames(folder: Path) -> tuple[Frame, ...]:
    """The frames that `fields/run.pvd` names and that are there, by time."""
    return tuple(frame for frame in named_frames(folder) if frame.file.is_file())


def named_frames(folder: Path) -> tuple[Frame, ...]:
    """The frames that `fields/run.pvd` names, by time. Raises ValueError where it cannot be read."""
    file = folder / "fields" / "run.pvd"
    if not file.is_file():
        return ()
    try:
        text = file.read_text(encoding="utf-8")
        found = re.findall(r'timestep="([^"]+)"[^>]*\bfile="([^"/\\]+)"', text)
        return tuple(sorted(Frame(float(time), file.parent / name) for time, name in found))
    except (OSError, ValueError) as error:
        raise ValueError(f"{file}: cannot be read: {error}") from None


def read_case(folder: Path) -> dict[str, Any]:
    """What `resolved.yaml` says; empty where it is missing or damaged."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data = YAML(typ="safe", pure=True).load((folder / "resolved.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError):
        return {}
    return data if isinstance(data, dict) else {}


def read_summary(folder: Path) -> dict[str, Any]:
    """The summary of a case or a study. Raises ValueError where there is none."""
    found = read_json(folder / "summary.json")
    if not isinstance(found, dict):
        raise ValueError(f"{folder}: there is no summary.json: this is not a finished result folder")
    return found


def read_run(folder: Path, name: str | None = None) -> Run:
    """The result of a case. Raises ValueError where summary or history cannot be read, and for a study whose runs have no folders."""
    summary = read_summary(folder)
    if "points" in summary or "batch" in summary or summary.get("kind") == "calibrate":
        raise ValueError(
            f"{folder}: is a study whose runs keep no fields and no history; 'thermo picture' without options draws its results"
        )
    return Run(
        printable(name or folder.resolve().name),
        folder,
        summary,
        read_history(folder / "history.csv"),
        read_frames(folder),
        read_case(folder),
    )


def read_unfinished(folder: Path) -> Run:
    """A run that has not ended, or was killed, as far as its frames: it has no summary, and its history may end within a row."""
    name = printable(folder.resolve().name)
    return Run(name, folder, {"status": "unfinished"}, {"time_s": np.empty(0)}, read_frames(folder), read_case(folder))


def read_runs(folder: Path) -> tuple[list[Run], list[str]]:
    """The members of a study, or the one result of a case; and a line for each member that cannot be read."""
    members = read_summary(folder).get("members")
    if not isinstance(members, dict):
        return [read_run(folder)], []
    runs, notes = [], []
    for name in members:
        below = folder / plain_name(name)
        # a comparison of folders made before names its members by their paths
        path = below if below.is_dir() else Path(name)
        try:
            runs.append(read_run(path, name if path is below else path.name))
        except ValueError as error:
            notes.append(f"{name} is not drawn: {error}")
    return runs, notes


def read_cells(file: Path) -> Cells:
    """A frame as it is stored. Raises ValueError where it cannot be read or has no cells of a known kind."""
    return read_frame(file)[0]


def read_frame(file: Path) -> tuple[Cells, dict[str, npt.NDArray[Any]]]:
    """A frame as it is stored, and its other arrays of the points (n,) or (n, 3) and of the cells (m,) or (m, 3) by name.

    Raises ValueError where it cannot be read or has no cells of a known kind.
    """
    try:
        mesh = vtu.read(file)
        points, temperature = np.asarray(mesh.points), np.asarray(mesh.point_data["temperature_K"])
        (block,) = mesh.cells
        cells = np.asarray(block.data)
        material = np.asarray(mesh.cell_data["material"][0]) if "material" in mesh.cell_data else np.zeros(len(cells), int)
        if len(temperature) != len(points) or len(material) != len(cells) or block.type not in KINDS:
            raise ValueError("its arrays do not belong together")
        beside = {name: np.asarray(values[0]) for name, values in mesh.cell_data.items() if name != "material"}
        beside |= {name: np.asarray(values) for name, values in mesh.point_data.items() if name != "temperature_K"}
    except Exception as error:  # a damaged file fails in many ways, and each means the same
        raise ValueError(f"{file}: cannot be read: {type(error).__name__}: {error}") from None
    return Cells(points, cells, block.type, temperature, material), beside


def read_field(file: Path) -> Field:
    """A frame by coordinates. Raises ValueError where it cannot be read or is not a tensor grid of hexahedra."""
    found = read_cells(file)
    axes, places = zip(*(np.unique(found.points[:, i], return_inverse=True) for i in range(3)), strict=True)
    shape = tuple(len(axis) for axis in axes)
    if found.kind != "hexahedron" or np.prod(shape) != len(found.points) or len(found.cells) != np.prod([n - 1 for n in shape]):
        raise ValueError(f"{file}: the points are not those of a tensor grid")
    values, kinds = np.empty(shape), np.zeros([n - 1 for n in shape], int)
    values[places] = found.temperature
    kinds[tuple(place[found.cells].min(axis=1) for place in places)] = found.material
    return Field((axes[0], axes[1], axes[2]), values, kinds)
