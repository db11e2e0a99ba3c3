"""The result folder: the only module that writes files. Each file is written beside its place and renamed into it.

A folder is locked while a run writes to it; `status.json` is written last; `manifest.json` holds size and sha256 of every
result; checkpoints are sealed by checksum and by the hash of the case.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from thermo.base.constants import ZERO_CELSIUS
from thermo.base.errors import FileError, FolderError
from thermo.results import vtu

OURS = re.compile(
    r"((summary|status|manifest)\.json|(history|record|propagation|table|correlations|posterior|profiles|check|fit)\.csv"
    r"|(case|resolved|study|mechanism(-[A-Za-z0-9_.-]+)?)\.yaml|checkpoint-[12]\.npz"
    r"|fields/(run\.pvd|materials\.csv|regions\.vtu|frame-[0-9]{4,}\.vtu)|pictures/[a-z0-9-]+\.(png|svg)|report\.html|movie\.mp4)(\.part)?"
    r"|fields/\.(frame-[0-9]{4,}|regions)\.part\.vtu|\.lock|\.written"
)
WRITTEN = ".written"  # the names of the files that thermo has written here, a line each, before it writes them
DERIVED = re.compile(r"pictures/.*|report\.html|movie\.mp4")  # made of results, and made again from them at any time
UNSEALED = {"status.json", "manifest.json", ".lock", WRITTEN}
LAYOUT = 4  # of a checkpoint: one more whenever what is kept in it changes
CHECKPOINTS = ("checkpoint-1.npz", "checkpoint-2.npz")


def plain_name(text: str) -> str:
    """A name that is safe as a file: letters, digits, '.', '_' and '-'.

    >>> plain_name("PI-Ag brick")
    'PI-Ag-brick'
    """
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-._")
    return name[:80] or "case"


class Folder:
    """A result folder in use by this process; `with Folder(path) as folder:` holds its lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: list[str] = []
        self.lock = FileLock(path / ".lock", timeout=0)
        self._mesh: tuple[Any, Any] | None = None  # of the frames, and as VTK has it

    def __enter__(self) -> Folder:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise FolderError(f"{self.path} is a file; choose another folder with --out") from None
        except OSError as error:
            raise FileError(f"{self.path}: cannot be made: {reason(error)}") from None
        linked = [file.name for file in self.path.iterdir() if file.is_symlink()]
        for name in linked:
            if name in ("fields", "pictures") or OURS.fullmatch(name):
                raise FolderError(f"{self.path} holds '{name}', which is a link and is not followed; choose another folder with --out")
        self.written = self._recorded()
        foreign = self._foreign()
        in_the_way = [name for name in foreign if OURS.fullmatch(name)]
        if in_the_way or (foreign and not self.written):
            name = (in_the_way or foreign)[0]
            raise FolderError(f"{self.path} holds '{name}', which is not a result of thermo; choose another folder with --out")
        try:
            self.lock.acquire()
        except Timeout:
            raise FolderError(f"{self.path} is in use by another run; choose another folder with --out") from None
        except OSError as error:
            raise FileError(f"{self.path}: cannot be written: {reason(error)}") from None
        for name in self._files():  # what a run that was killed was writing
            if ".part" in name and self._is_ours(name):
                (self.path / name).unlink()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.lock.release()

    def _files(self) -> list[str]:
        found = [file.relative_to(self.path).as_posix() for file in sorted(self.path.rglob("*")) if file.is_file()]
        return [name for name in found if "/" not in name or name.split("/")[0] in ("fields", "pictures")]

    def _recorded(self) -> list[str]:
        """The files that thermo has recorded as written here; of folders without a record those that their manifest seals, or that
        have such a name beside the status of a run."""
        try:
            return (self.path / WRITTEN).read_text(encoding="utf-8").split()
        except (OSError, UnicodeError):
            manifest, status = read_json(self.path / "manifest.json"), self.status()
            if isinstance(manifest, dict):
                return [*sealed_files(manifest), "status.json", "manifest.json"]
            begun = "case_sha256" in status
            return [name for name in self._files() if OURS.fullmatch(name)] if begun else []

    def _is_ours(self, name: str) -> bool:
        """Whether thermo wrote a file, or was writing it when it was killed."""
        whole = name.removesuffix(".part")
        begun = re.sub(r"^fields/\.(frame-[0-9]{4,}|regions)\.part\.vtu$", r"fields/\1.vtu", whole)
        return name in (".lock", WRITTEN) or whole in self.written or begun in self.written

    def _foreign(self) -> list[str]:
        """The files that thermo did not write."""
        return [name for name in self._files() if not self._is_ours(name)]

    def record(self, name: str) -> None:
        """Record that a file of this name is written here from now on. Raises FileError where that cannot be done."""
        if name in self.written:
            return
        self.written.append(name)
        there = (self.path / WRITTEN).is_file()
        try:
            with open(self.path / WRITTEN, "a", encoding="utf-8") as file:  # a line that a kill cut short is no name, and ends here
                file.write("".join(f"\n{line}" for line in (self.written[-1:] if there else self.written)) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise FileError(f"{self.path / WRITTEN}: cannot be written: {reason(error)}") from None

    def status(self) -> dict[str, Any]:
        """What `status.json` says; empty where there is none, or where it is damaged."""
        found = read_json(self.path / "status.json")
        return found if isinstance(found, dict) else {}

    def clear(self) -> None:
        """Remove what thermo wrote here, and nothing else."""
        for name in self._files():
            if self._is_ours(name) and name not in (".lock", WRITTEN):
                (self.path / name).unlink(missing_ok=True)

    def write(self, name: str, data: bytes | str) -> None:
        """Write a file whole or not at all. Raises FileError where it cannot be written."""
        self.record(name)
        target = self.path / name
        part = target.with_name(target.name + ".part")
        raw = data.encode() if isinstance(data, str) else data
        try:
            target.parent.mkdir(exist_ok=True)
            with open(part, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, target)
            sync_folder(target.parent)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise FileError(f"{target}: cannot be written: {reason(error)}") from None

    def write_json(self, name: str, data: Any) -> None:
        """Write plain data as JSON; a number that is not finite becomes null."""
        self.write(name, json.dumps(finite(data), indent=1, allow_nan=False) + "\n")

    def write_csv(self, name: str, header: list[str], rows: Any) -> None:
        """Write a table with one header row."""
        raw = io.BytesIO()  # a text would take four bytes a letter
        text = io.TextIOWrapper(raw, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([harmless(cell) for cell in header])
        writer.writerows([harmless(cell) for cell in row] for row in rows)
        text.flush()
        self.write(name, raw.getvalue())

    def write_frame(
        self, number: int, time: float, mesh: Any, temperature: Any, heat_flux: Any, earlier: list[float], **beside: Any
    ) -> None:
        """One moment of the field as `fields/frame-NNNN.vtu`, and the series `fields/run.pvd` anew; with the first, `regions.vtu`.

        `mesh` is a `shape.Frame`, `temperature` (n_points,) [K], `heat_flux` (n_cells, 3) [W/m2]
        or None, `earlier` the times of the frames before this one [s], `beside` further fields of the points by name. The frame has its
        time and, for each region, a number of the field named after it: that of its cells in the array `material`. Temperatures in K keep
        all their digits, because another run may start from them; all else is for the eye, in single precision.
        """
        if self._mesh is None or self._mesh[0] is not mesh:
            self._mesh = mesh, vtu.grid(mesh.points, mesh.cells, mesh.kind, mesh.material)
        celsius = (temperature - ZERO_CELSIUS).astype(np.float32)
        of_points = {"temperature_K": temperature, "temperature_degC": celsius} | {n: v.astype(np.float32) for n, v in beside.items()}
        of_cells = {} if heat_flux is None else {"heat_flux_W_per_m2": heat_flux.astype(np.float32)}
        numbers: dict[str, float | int] = {"TimeValue": float(time)} | {f"region {name}": i for i, name in enumerate(mesh.names)}
        frame = self._mesh[1]
        self._write_vtu(f"frame-{number:04d}", lambda part: vtu.write(part, frame, of_points, of_cells, numbers))
        if number == 1:
            self.write_csv("fields/materials.csv", ["material", "name"], list(enumerate(mesh.names)))
            self._write_vtu("regions", lambda part: vtu.write_regions(part, frame, mesh.names))
        lines = [f'    <DataSet timestep="{t!r}" part="0" file="frame-{i:04d}.vtu"/>' for i, t in enumerate([*earlier, time], 1)]
        head = '<?xml version="1.0"?>\n<VTKFile type="Collection" version="0.1" byte_order="LittleEndian">\n  <Collection>\n'
        self.write("fields/run.pvd", head + "\n".join(lines) + "\n  </Collection>\n</VTKFile>\n")

    def _write_vtu(self, stem: str, write: Callable[[Path], None]) -> None:
        """Write a file of fields by VTK, whole or not at all."""
        folder = self.path / "fields"
        name, part = f"{stem}.vtu", folder / f".{stem}.part.vtu"
        self.record(f"fields/{name}")
        try:
            folder.mkdir(exist_ok=True)
            write(part)
            raw = part.read_bytes()
            part.unlink()
        except OSError as error:
            part.unlink(missing_ok=True)
            raise FileError(f"{folder / name}: cannot be written: {reason(error)}") from None
        self.write(f"fields/{name}", raw)

    def finish(self, status: dict[str, Any]) -> None:
        """Seal the folder: the manifest of everything in it, then the status, last. What is derived of results stands apart in it."""
        for name in CHECKPOINTS:
            if status["status"] == "complete":
                (self.path / name).unlink(missing_ok=True)
        entries = {name: _sealed(self.path / name) for name in self._files() if name not in UNSEALED}
        derived = {name: entry for name, entry in entries.items() if DERIVED.fullmatch(name)}
        results = {name: entry for name, entry in entries.items() if name not in derived}
        self.write_json("manifest.json", results | ({"derived": derived} if derived else {}))
        self.write_json("status.json", status)

    def save_checkpoint(self, arrays: dict[str, Any], case_hash: str, number: int) -> None:
        """Write a checkpoint to one of two files in turn, sealed by checksum and case."""
        file = io.BytesIO()
        np.savez(file, **_encoded(arrays), seal=np.array(_seal(arrays, case_hash)), number=np.array(number), layout=np.array(LAYOUT))
        self.write(CHECKPOINTS[number % 2], file.getvalue())

    def load_checkpoint(self, case_hash: str) -> tuple[dict[str, Any] | None, int, list[str]]:
        """The newest whole checkpoint of this case with its number, and what is wrong with the others."""
        best: tuple[dict[str, Any] | None, int] = (None, 0)
        complaints = []
        for name in CHECKPOINTS:
            file = self.path / name
            if not file.is_file():
                continue
            try:
                with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as stored:
                    arrays = {key: stored[key] for key in stored.files}
                seal, number, layout = str(arrays.pop("seal")), int(arrays.pop("number")), int(arrays.pop("layout", np.array(1)))
                whole = seal == _seal(arrays, case_hash)
            except Exception:  # a damaged archive fails in many ways, and each means the same
                whole, number, layout, arrays = False, 0, LAYOUT, {}
            if layout != LAYOUT:
                complaints.append(f"{name} is of another version of this program, whose runs cannot be continued; it is not used")
            elif not whole:
                complaints.append(f"{name} is damaged or belongs to another case; it is not used")
            elif number > best[1]:
                best = (_decoded(arrays), number)
        return best[0], best[1], complaints


def harmless(cell: Any) -> Any:
    """A cell of a table that a spreadsheet takes for what it says: text that would be a formula there begins with an apostrophe."""
    if not isinstance(cell, str) or not cell.startswith(("=", "+", "-", "@")):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def write_file(path: Path, data: bytes, *, force: bool, option: str = "--out") -> None:
    """Write one file outside a result folder, whole or not at all. Raises FolderError where it is there and not `force`, FileError."""
    if path.exists() and not force:
        raise FolderError(f"{path} exists already; replace it with --force, or choose another with {option}")
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FileError(f"{path}: cannot be written: {reason(error)}") from None


def read_history(file: Path) -> dict[str, NDArray[Any]]:
    """The columns of a history: numbers, and the words of `phase`. Raises ValueError where it cannot be read."""
    try:
        with open(file, newline="", encoding="utf-8") as lines:
            rows = list(csv.reader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file}: cannot be read: {error}") from None
    if len(rows) < 2 or "time_s" not in rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise ValueError(f"{file}: column names, one of them time_s, and at least one row of numbers are needed")
    made: dict[str, NDArray[Any]] = {}
    for name, *cells in zip(*rows, strict=True):
        made[name] = np.array(cells) if name == "phase" else np.array([_cell(file, name, line, cell) for line, cell in enumerate(cells, 2)])
    return made


def _cell(file: Path, name: str, line: int, cell: str) -> float:
    try:
        return float(cell) if cell else np.nan
    except ValueError:
        raise ValueError(f"{file}:{line}: {name}: {cell[:40]!r} is not a number") from None


def _encoded(arrays: dict[str, Any]) -> dict[str, Any]:
    """Names fit for an archive: a column name may hold what a file name may not."""
    names = sorted(arrays)
    return {f"a{i}": arrays[name] for i, name in enumerate(names)} | {"names": np.array(names)}


def _decoded(arrays: dict[str, Any]) -> dict[str, Any]:
    return {str(name): arrays[f"a{i}"] for i, name in enumerate(arrays["names"])}


def _seal(arrays: dict[str, Any], case_hash: str) -> str:
    if "names" in arrays:
        arrays = _decoded(arrays)
    seal = hashlib.sha256(case_hash.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        seal.update(f"{name} {array.dtype} {array.shape}".encode())
        seal.update(array.tobytes())
    return seal.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the system lets a folder be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sealed(file: Path) -> dict[str, Any]:
    raw = file.read_bytes()
    return {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def finite(data: Any) -> Any:
    """Plain data with numbers that JSON has: NaN and infinities become None."""
    if isinstance(data, dict):
        return {str(key): finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite(value) for value in data]
    if isinstance(data, bool | np.bool_):
        return bool(data)
    if isinstance(data, np.integer):
        return int(data)
    if isinstance(data, float | np.floating):
        return float(data) if np.isfinite(data) else None
    return data


def read_json(file: Path) -> Any:
    """The data of a JSON file; None where it is missing or damaged."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def member_folders(path: Path) -> dict[str, Path]:
    """The folders of a study's members by name; none for a run, a batch or a comparison of folders that lie elsewhere."""
    summary = read_json(path / "summary.json")
    members = summary.get("members") if isinstance(summary, dict) else None
    return {name: path / plain_name(name) for name in members} if isinstance(members, dict) and (path / "study.yaml").is_file() else {}


def sealed_files(manifest: dict[str, Any]) -> dict[str, Any]:
    """Every file of a manifest with its size and checksum, results and what is derived of them."""
    derived = manifest.get("derived")
    return {name: entry for name, entry in manifest.items() if name != "derived"} | (derived if isinstance(derived, dict) else {})


def damage(path: Path) -> list[str]:
    """What is wrong with a finished folder: files that are missing or changed, a status that is not complete; of a study, its members'.

    A picture or a report that is missing is no damage: it is made again from the results.
    """
    status, manifest = read_json(path / "status.json"), read_json(path / "manifest.json")
    if not isinstance(status, dict) or not isinstance(manifest, dict):
        return ["there is no status or manifest: this is not a finished result folder"]
    found = [] if status.get("status") == "complete" else [f"the run is {status.get('status')}"]
    derived = manifest.get("derived", {})
    for name, entry in sealed_files(manifest).items():
        file = path / name
        if not OURS.fullmatch(name):
            found.append(f"{name} is not a name that thermo writes")
        elif not file.is_file():
            found += [] if name in derived else [f"{name} is missing"]
        elif _sealed(file) != entry:
            found.append(f"{name} was changed after the run")
    for name, folder in member_folders(path).items():
        found += [f"member {name}: {problem}" for problem in damage(folder)]
    return found


def reason(error: OSError) -> str:
    """Why a file operation failed, in words."""
    if error.errno == errno.ENOSPC:
        return "the disk is full"
    return (error.strerror or str(error)).lower()
