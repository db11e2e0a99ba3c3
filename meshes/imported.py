"""Meshes from files of other programs: read in a process of its own, checked, with named regions and faces; and written."""

from __future__ import annotations

import difflib
import math
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, reverse_cuthill_mckee

from meshes import files
from meshes.checks import Facets, at, edge_lengths, joined, oriented, parts, parts_of, report, tangles, told
from meshes.files import FORMATS, LARGEST_FILE, Group, Raw
from meshes.mesh import DIMENSION, EDGES, FACETS, Floats, Integers, Mesh, equal_rows

__all__ = ["Imported", "MeshError", "Misnamed", "mesh_bytes", "parts", "read_mesh", "report"]

DOUBLE = 1e-6  # of the smallest edge: vertices nearer than this are one place
DIGITS = 1e-9  # of the largest extent of the body: what its coordinates resolve
SMALLEST, LARGEST = 1e-40, 1e40  # m, so that volumes and their products are numbers still
MOST_SHOWN = 20  # names in one message

# first and last vertex of the edges whose middles follow the corners of a second-order cell
_MIDDLES = {
    "line3": ("line", ((0, 1),)),
    "triangle6": ("triangle", ((0, 1), (1, 2), (2, 0))),
    "quad8": ("quad", ((0, 1), (1, 2), (2, 3), (3, 0))),
    "tetra10": ("tetra", ((0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3))),
    "hexahedron20": (
        "hexahedron",
        (*((i, (i + 1) % 4) for i in range(4)), *((i + 4, (i + 1) % 4 + 4) for i in range(4)), *((i, i + 4) for i in range(4))),
    ),
}
_MIDDLES |= {"quad9": _MIDDLES["quad8"], "hexahedron27": _MIDDLES["hexahedron20"]}
_WHAT = ("points", "lines", "surface cells", "volume cells")


class Misnamed(str):
    """A problem with what the case calls a group of the file: `what` is regions, faces or edges, `text` says what is wrong with `name`."""

    what: str
    name: str
    text: str

    @classmethod
    def of(cls, what: str, name: str, text: str) -> Misnamed:
        """The problem of a name."""
        made = cls(f"{what}: {name}: {text}")
        made.what, made.name, made.text = what, name, text
        return made


class MeshError(ValueError):
    """A mesh file cannot be used; `problems` has one line for each of the `causes`, the name of the file before it."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        self.causes = list(dict.fromkeys(problems))
        self.problems = [_printable(f"{path}: {cause}") for cause in self.causes]
        super().__init__("\n".join(self.problems))


class Imported(NamedTuple):
    """A mesh from a file: `axes` names the columns of the file's coordinates that were kept, `notes` what was done to it."""

    mesh: Mesh
    axes: str
    notes: list[str]


def read_mesh(
    path: Path,
    scale: float,
    *,
    regions: Mapping[str, str | int] | None = None,
    faces: Mapping[str, str | int] | None = None,
    edges: Mapping[str, str | int] | None = None,
    merge: float | None = None,
    cell_array: str | None = None,
    seconds: float = 60.0,
    memory: int = 4 * 1024**3,
) -> Imported:
    """A checked mesh with named regions and faces from a Gmsh (.msh 2.2, 4.1), VTU, Abaqus (.inp) or XDMF file.

    The body is the cells of the highest dimension, all of one kind; second-order cells are used as straight ones through their
    corners. Regions are the file's groups of such cells: Gmsh's physical groups, Abaqus' element sets, the values of
    `cell_array`. A group is hidden by smaller ones that lie in it; cells in no group form regions by the number of their
    geometrical entity. Faces are groups of cells one dimension lower, Abaqus' node sets (facets all of whose vertices are in
    the set: those on the boundary, or else those inside) and surfaces; then the interfaces `a|b` of regions that touch, and
    `outside`, the whole boundary. Edges of a body in space are groups of line cells, and Abaqus' node sets in which no facet
    lies. Cells keep the order of the file, vertices are renumbered.

    The file is read by a process of its own, limited in time and memory, and checked here (see `meshes.checks`).

    Parameters
    ----------
    scale : metres per unit of the file
    regions, faces, edges : the case's name for a name or a number of the file; groups not named keep theirs
    merge : [m], vertices nearer than this are made one; without it, vertices on one another are refused
    cell_array : name of an array of integers on the cells of a .vtu or .xdmf file whose values are regions and faces
    seconds, memory [bytes] : limits of the process that reads; the one of memory where the system has it

    Raises
    ------
    MeshError: the file cannot be read, or is no sound mesh; one line for each thing that is wrong
    ValueError: `scale` or `merge` is not positive and finite
    """
    for name, value in (("scale", scale), ("merge", 1.0 if merge is None else merge)):
        if not (math.isfinite(value) and value > 0.0):
            raise ValueError(f"{name} must be positive and finite, got {value}")
    _openable(path)
    if cell_array is not None and path.suffix.lower() not in (".vtu", ".xdmf"):
        raise MeshError(path, ["`cell_array` is for .vtu and .xdmf files only; this file has its own groups"])
    raw = _read_apart(path, cell_array, seconds, memory)
    return assembled(path, raw, scale, regions or {}, faces or {}, edges or {}, merge, cell_array)


def _openable(path: Path) -> None:
    """Refuse what is no regular file of a known kind and a size that can be read."""
    if path.suffix.lower() not in FORMATS:
        raise MeshError(path, [f"is not a file of a kind that can be read ({', '.join(FORMATS)})"])
    try:
        found = path.lstat()
    except FileNotFoundError:
        raise MeshError(path, ["there is no such file"]) from None
    except (OSError, ValueError) as error:
        raise MeshError(path, [f"cannot be opened: {getattr(error, 'strerror', None) or error}"]) from None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a link" if stat.S_ISLNK(found.st_mode) else "not a regular file"
        raise MeshError(path, [f"is {kind}; a mesh file is needed"])
    if found.st_size > LARGEST_FILE:
        raise MeshError(path, [f"is larger than {LARGEST_FILE // 1024**3} GiB, the most that a mesh file may have"])


def _read_apart(path: Path, cell_array: str | None, seconds: float, memory: int) -> Raw:
    """The file's arrays, read by a child process; whatever becomes of it is a MeshError."""
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # each takes address space
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "mesh.npz"
        # -P: no module is taken from the folder of the case
        command = [sys.executable, "-P", files.__file__, str(path.absolute()), str(target), str(math.ceil(seconds)), str(memory)]
        command += [] if cell_array is None else [cell_array]
        quiet, seen = subprocess.DEVNULL, subprocess.PIPE  # the end of a pipe is seen at once, that of a process is asked for
        try:
            done = subprocess.run(  # noqa: S603 our own program
                command, stdin=quiet, stdout=seen, stderr=quiet, timeout=seconds, env={**os.environ, **threads}, check=False
            )
        except subprocess.TimeoutExpired:
            raise MeshError(path, [f"took longer than {seconds:.3g} s to read"]) from None
        except (OSError, ValueError) as error:
            raise MeshError(path, [f"cannot be read: {error}"]) from None
        if done.returncode == 0:
            return files.load(target)
        said = target.with_suffix(".txt")
        if said.is_file():
            raise MeshError(path, [said.read_text(encoding="utf-8")])
        limits = f"{seconds:.3g} s and {memory / 1024**3:.3g} GiB are allowed"
        raise MeshError(path, [f"stopped the program that read it (code {done.returncode}): damaged or too large; {limits}"])


class _Body(NamedTuple):
    """Cells of the highest dimension, and of lower ones by the file's cell numbers; vertices are the points of the file."""

    kind: str
    cells: Integers  # (n, corners)
    numbers: Integers  # (n,) of the cells in the file
    lower: list[tuple[Integers, Integers]]  # cells (m, corners) and their numbers in the file, of each kind of facet
    lines: list[tuple[Integers, Integers]]  # the same of lines in a body in space


def assembled(
    path: Path,
    raw: Raw,
    scale: float,
    regions: Mapping[str, str | int],
    faces: Mapping[str, str | int],
    edges: Mapping[str, str | int],
    merge: float | None,
    cell_array: str | None,
) -> Imported:
    """The mesh of a file's arrays, checked; arguments and errors as in `read_mesh`."""
    notes: list[str] = []
    problems: list[str] = []
    if cell_array is not None and cell_array not in raw.arrays:
        problems.append(f"has no array of integers {cell_array!r} on its cells{_meant(cell_array, raw.arrays)}")
    elif cell_array is None and raw.arrays:
        notes.append(f"its cells have arrays of integers: {_listed(raw.arrays)}; `cell_array` reads one of them as regions")
    if raw.doubt:
        notes.append(raw.doubt)
    body = _body(path, raw, notes)
    kind, cells = body.kind, body.cells
    with np.errstate(over="ignore"):
        points, axes = _columns(path, raw.points * scale, cells, kind)
    used, cells = np.unique(cells, return_inverse=True)
    cells = cells.reshape(body.cells.shape).astype(np.int64)
    points = points[used]
    new = np.full(len(raw.points) + 1, -1, np.int64)  # the last for points that are no vertices
    new[used] = np.arange(len(used))
    if len(used) < len(raw.points):
        notes.append(f"dropped {told(np.ones(len(raw.points) - len(used)), 'point', 'points')} that no cell uses as a corner")

    points, cells, target, found = _single(points, cells, kind, merge, notes)
    problems += found
    new[used] = target
    named = _regions(raw, body, regions, problems, notes)
    label = np.empty(len(cells), np.int64)
    for i, members in enumerate(named.values()):
        label[members] = i
    cells, n_turned, found = oriented(points, cells, kind)
    if n_turned:
        notes.append(f"renumbered {told(np.ones(n_turned), 'cell', 'cells')} with the opposite orientation")
    if found or problems:  # what follows needs sound cells
        raise MeshError(path, problems + found)
    facets, problems = tangles(points, cells, kind)
    if problems:
        raise MeshError(path, problems)
    _touching(facets, cells, notes)
    sets: list[Group] = []  # of nodes, in which no facet lies
    sides = _faces(raw, body, new, facets, faces, sets, problems, notes) | _automatic(facets, label, list(named))
    lines = _edges(raw, body, new, cells, edges, sets, problems, notes)
    if problems:
        raise MeshError(path, problems)

    order = _order(cells, len(points))
    notes.append("renumbered the vertices by reverse Cuthill-McKee")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    sides, lines = ({name: place[rows] for name, rows in parts.items()} for parts in (sides, lines))
    mesh = Mesh(np.ascontiguousarray(points[order]), place[cells], kind, named, sides, lines)
    return Imported(mesh, axes, notes)


def _body(path: Path, raw: Raw, notes: list[str]) -> _Body:
    """The cells of the highest dimension, made straight, and those one below."""
    dimensions = [files.dimension_of(kind) for kind, _ in raw.blocks]
    kinds = sorted({kind for (kind, cells), d in zip(raw.blocks, dimensions, strict=True) if len(cells) and d in (-1, max(dimensions))})
    taken = {*FACETS, *_MIDDLES}
    strange = [kind for kind in kinds if kind not in taken]
    if max(dimensions) == 0 or not kinds:
        raise MeshError(path, ["has no cells, only points"])
    if strange:
        raise MeshError(
            path, [f"has {' and '.join(strange)} cells, which are not supported; a body needs cells of one kind: {', '.join(FACETS)}"]
        )
    straight = sorted({_MIDDLES[kind][0] if kind in _MIDDLES else kind for kind in kinds})
    if len(straight) > 1:
        raise MeshError(path, [f"has {' and '.join(straight)} cells; a body needs cells of one kind"])
    cells, numbers = [np.empty((0, len(_corners(straight[0]))), np.int64)], [np.empty(0, np.int64)]
    lower: list[tuple[Integers, Integers]] = []
    lines: list[tuple[Integers, Integers]] = []
    first, n_lower = 0, 0
    for (kind, nodes), d in zip(raw.blocks, dimensions, strict=True):
        base = _MIDDLES[kind][0] if kind in _MIDDLES else kind
        here = np.arange(first, first + len(nodes))
        first += len(nodes)
        if d == max(dimensions):
            if kind in _MIDDLES and len(nodes):
                notes.append(_straightened(raw.points, kind, nodes))
            cells.append(nodes[:, : len(_corners(base))])
            numbers.append(here)
        elif d == max(dimensions) - 1 and (base in taken or d == 0):
            lower.append((nodes[:, : len(_corners(base))], here))
        elif d == 1 and base in taken:
            lines.append((nodes[:, :2], here))
        else:
            n_lower += len(nodes)
    if n_lower:
        notes.append(f"dropped {n_lower} cells of lower dimension that cannot be faces or edges")
    return _Body(straight[0], np.concatenate(cells), np.concatenate(numbers), lower, lines)


def _corners(kind: str) -> range:
    """Numbers of the vertices of a straight cell."""
    return range(1 + max(max(facet) for facet in FACETS[kind])) if kind in FACETS else range(1)


def _straightened(points: Floats, kind: str, nodes: Integers) -> str:
    """How far the middles of the edges of second-order cells are from where straight edges have them."""
    base, edges = _MIDDLES[kind]
    worst = 0.0
    with np.errstate(all="ignore"):  # coordinates are not checked yet
        for i, (a, b) in enumerate(edges):
            one, other, middle = (points[nodes[:, j]] for j in (a, b, len(_corners(base)) + i))
            away = np.linalg.norm(middle - 0.5 * (one + other), axis=1) / np.linalg.norm(other - one, axis=1)
            worst = max(worst, float(np.max(away, initial=0.0, where=np.isfinite(away))))
    return f"straightened {len(nodes)} {kind} cells: a node lay up to {worst:.2g} of an edge length from the middle of its edge"


def _columns(path: Path, points: Floats, cells: Integers, kind: str) -> tuple[Floats, str]:
    """The coordinates in which the body extends, as many as its dimension, and their names."""
    used = points[np.unique(cells)]
    if not np.isfinite(used).all():
        bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
        cell = int(np.argmax(np.isin(cells, bad).any(axis=1)))
        raise MeshError(path, [f"has coordinates that are not finite numbers: first on cell {cell + 1}"])
    extent = np.ptp(used, axis=0)
    if not SMALLEST < extent.max() < LARGEST:
        raise MeshError(path, [f"extends over {extent.max():.3g} m; the size must be between {SMALLEST:g} and {LARGEST:g} m"])
    wide = np.flatnonzero(extent > DIGITS * extent.max())
    d = DIMENSION[kind]
    if len(wide) > d:
        lie = "in no plane x, y or z = const: the mesh has no volume cells" if d == 2 else "along no coordinate axis"
        raise MeshError(path, [f"has {kind} cells for a body, but they lie {lie}"])
    if len(wide) < d:
        raise MeshError(path, [f"is flat: its {kind} cells extend in {len(wide)} of {d} directions"])
    return points[:, wide], "".join("xyz"[i] for i in wide)


def _single(
    points: Floats, cells: Integers, kind: str, merge: float | None, notes: list[str]
) -> tuple[Floats, Integers, Integers, list[str]]:
    """Vertices and cells with vertices on one another made one, or the refusal; and the new number of each vertex."""
    same = np.arange(len(points))
    smallest = float(edge_lengths(points, cells, kind).min())
    if smallest == 0.0:
        return points, cells, same, []  # flat cells, told of by their own check
    if merge is not None and merge >= 0.5 * smallest:
        return points, cells, same, [f"merge must be below half the smallest edge, which is {smallest:.6g} m; got {merge:.6g} m"]
    reach = min(max(DOUBLE * smallest, DIGITS * float(np.ptp(points, axis=0).max())), 0.1 * smallest)
    target = joined(points, max(reach, merge or 0.0))
    double = target != same
    if not double.any():
        return points, cells, same, []
    if merge is None:
        where = at(points[np.argmax(double)])
        text = f"{told(double, 'vertex lies', 'vertices lie')} on another, the first at {where}: no heat crosses this crack"
        return points, cells, same, [f"{text}; `merge` joins vertices closer than a given length"]
    notes.append(f"merged {told(double, 'vertex', 'vertices')} with another closer than {merge:.6g} m")
    kept, number = np.unique(target, return_inverse=True)
    number = number.ravel().astype(np.int64)
    return points[kept], number[cells], number, []


class _Candidate(NamedTuple):
    """A group that may become a region or a face: its name and number in the file, what it holds, the name the case gives it."""

    name: str
    number: int | None
    members: Integers
    given: str | None = None

    @property
    def told(self) -> str:
        """Its name in the file, or its number."""
        return self.name or str(self.number)


def _regions(raw: Raw, body: _Body, wanted: Mapping[str, str | int], problems: list[str], notes: list[str]) -> dict[str, Integers]:
    """Cells of the body by region, every cell in exactly one."""
    position = np.full(sum(len(cells) for _, cells in raw.blocks), -1, np.int64)
    position[body.numbers] = np.arange(len(body.numbers))
    candidates = []
    for group in raw.groups:
        if group.of == "cells":
            members = np.unique(position[group.members])
            members = members[members >= 0]
            if len(members):
                candidates.append(_Candidate(group.name, group.number, members))
    grouped = bool(candidates)
    free = np.ones(len(body.cells), bool)
    for candidate in candidates:
        free[candidate.members] = False
    entity = raw.entity[body.numbers]
    if free.any():
        rest = [
            _Candidate("", int(number) if number >= 0 else 1, np.flatnonzero(free & (entity == number)))
            for number in np.unique(entity[free])
        ]
        if grouped:
            taken = {candidate.told for candidate in candidates}
            rest = [c._replace(name=f"entity-{c.number}") if c.told in taken else c for c in rest]
            words = f"{told(free, 'cell is', 'cells are')} in no group of the file"
            notes.append(f"{words}; by entity number they are {_listed([c.told for c in rest])}")
        candidates += rest
    candidates = _given("regions", candidates, wanted, problems)
    return _named("region", _disjoint(candidates, len(body.cells), problems, notes), problems, notes)


def _given(what: str, candidates: list[_Candidate], wanted: Mapping[str, str | int], problems: list[str]) -> list[_Candidate]:
    """The candidates with the names that the case gives them."""
    given = list(candidates)
    known = list(dict.fromkeys(candidate.told for candidate in candidates))
    for name, reference in wanted.items():
        found = [i for i, c in enumerate(candidates) if reference == c.name] or [
            i for i, c in enumerate(candidates) if c.number is not None and str(reference) == str(c.number)
        ]
        if not name or "|" in name or "." in name:
            problems.append(Misnamed.of(what, name, "a name must not be empty or contain '|' or '.'"))
        elif not found:
            problems.append(Misnamed.of(what, name, f"{reference!r} is not in the file{_meant(str(reference), known)}"))
        elif given[found[0]].given is not None:
            problems.append(Misnamed.of(what, name, f"{reference!r} is already given as {given[found[0]].given!r}"))
        else:
            given[found[0]] = given[found[0]]._replace(given=name)
    return given


def _disjoint(candidates: list[_Candidate], n_cells: int, problems: list[str], notes: list[str]) -> list[_Candidate]:
    """The groups without the cells that belong to smaller groups in them; those the case names go first."""
    owner = np.full(n_cells, -1, np.int64)
    for i in sorted(range(len(candidates)), key=lambda i: (candidates[i].given is None, len(candidates[i].members))):
        members = candidates[i].members
        inside = np.zeros(n_cells, bool)
        inside[members] = True
        for j in np.unique(owner[members]).tolist():
            other = candidates[j].members
            if j >= 0 and (n_common := int(inside[other].sum())) < min(len(members), len(other)):
                words = f"the groups {candidates[j].told!r} and {candidates[i].told!r} have {n_common} cells in common"
                problems.append(f"{words} (cell {other[np.argmax(inside[other])] + 1} is the first); a cell can be in one region only")
        owner[members[owner[members] < 0]] = i
    left = []
    for i, candidate in enumerate(candidates):
        mine = np.flatnonzero(owner == i)
        if not len(mine) and candidate.given is not None:
            problems.append(Misnamed.of("regions", candidate.given, f"all cells of {candidate.told!r} belong to smaller groups in it"))
        elif not len(mine):
            notes.append(f"{candidate.told!r} is not a region: all of its cells belong to other groups")
        elif len(mine) < len(candidate.members):
            notes.append(f"{candidate.told!r} is the region of the {len(mine)} of its cells that belong to no other group")
        left += [candidate._replace(members=mine)] if len(mine) else []
    return left


def _same(one: Integers, other: Integers) -> bool:
    """Whether two groups hold the same cells, or facets by their vertices, as a set of elements and one of their nodes do."""
    first, second = (np.unique(np.sort(part, axis=1) if part.ndim == 2 else part, axis=0) for part in (one, other))
    return np.array_equal(first, second)


def _named(what: str, candidates: list[_Candidate], problems: list[str], notes: list[str]) -> dict[str, Integers]:
    """What candidates hold, by names that a case can write: the given ones, or the file's with '|', '.' and controls replaced."""
    named: dict[str, Integers] = {}
    for candidate in candidates:
        plain = "".join(letter if letter.isprintable() and letter not in "|." else "-" for letter in candidate.told)
        name = candidate.given or plain
        if candidate.given is None and plain != candidate.told:
            notes.append(f"the {what} {candidate.told!r} is called {plain!r}")
        if name in named and not _same(named[name], candidate.members):
            problems.append(f"two {what}s are called {name!r}; the `{what}s` of the case may give one another name")
        named[name] = candidate.members
    return named


def _faces(
    raw: Raw,
    body: _Body,
    new: Integers,
    facets: Facets,
    wanted: Mapping[str, str | int],
    sets: list[Group],
    problems: list[str],
    notes: list[str],
) -> dict[str, Integers]:
    """Facets by the names of the file; `new` (n_points + 1,) number of the vertex of each point of the file, -1 for none.

    Groups of points in which no facet lies go into `sets`.
    """
    candidates = _lower("face", DIMENSION[body.kind] - 1, raw, body.lower, new, facets.vertices, problems, notes)
    for group in raw.groups:
        if group.of == "facets":
            if not len(group.members):
                notes.append(f"the surface {group.name!r} is not given by faces S1, S2, ... of elements, so it names no face")
            members = _located("face", group, [group.members], new, facets.vertices, problems, notes)
            candidates.append(_Candidate(group.name, None, members))
        elif group.of == "points":
            whole = _within(group, new, facets.vertices)
            outer = whole & (facets.sides[:, 1] < 0)
            found = np.flatnonzero(outer if outer.any() else whole)
            if not len(found):
                sets.append(group)
            candidates.append(_Candidate(group.name, None, found))
    candidates = [candidate for candidate in _given("faces", candidates, wanted, problems) if len(candidate.members) or candidate.given]
    for candidate in candidates:
        if candidate.given and not len(candidate.members):
            problems.append(Misnamed.of("faces", candidate.given, f"{candidate.told!r} holds no facet of a cell of the body"))
    kept: list[_Candidate] = []
    for candidate in candidates:  # the same set under two heads, as of nodes and of a surface
        rival = next((c for c in kept if c.given is None and candidate.given is None and c.told == candidate.told), None)
        if rival is None:
            kept.append(candidate)
        elif not np.array_equal(rival.members, candidate.members):
            notes.append(f"a second face {candidate.told!r} with other facets is called '{candidate.told}-2'")
            kept.append(candidate._replace(name=f"{candidate.told}-2"))
    named = _named("face", kept, problems, notes)
    if "outside" in named and not np.array_equal(named["outside"], np.flatnonzero(facets.sides[:, 1] < 0)):
        problems.append("the face 'outside' is not the whole boundary, and this name is reserved for that; rename it in the case's `faces`")
    return {name: facets.vertices[rows] for name, rows in named.items()}


def _edges(
    raw: Raw,
    body: _Body,
    new: Integers,
    cells: Integers,
    wanted: Mapping[str, str | int],
    sets: list[Group],
    problems: list[str],
    notes: list[str],
) -> dict[str, Integers]:
    """Edges of cells in space by the names of the file; in a plane and on a line what has such a name is a face."""
    solid = DIMENSION[body.kind] == 3
    known = np.empty((0, 2), np.int64)
    if solid and (body.lines or sets):
        known = np.unique(np.sort(np.concatenate([cells[:, list(ends)] for ends in EDGES[body.kind]]), axis=1), axis=0)
    candidates = _lower("edge", 1, raw, body.lines, new, known, problems, notes)
    for group in sets:
        found = np.flatnonzero(_within(group, new, known))
        if len(found):
            candidates.append(_Candidate(group.name, None, found))
        else:
            what = "facet and no edge" if solid else "facet"
            notes.append(f"the node set {group.name!r} holds no whole {what}, so it names nothing")
    candidates = [candidate for candidate in candidates if len(candidate.members)]
    named = _named("edge", _given("edges", candidates, wanted, problems), problems, notes)
    return {name: known[rows] for name, rows in named.items()}


def _lower(
    what: str,
    dimension: int,
    raw: Raw,
    lower: list[tuple[Integers, Integers]],
    new: Integers,
    known: Integers,
    problems: list[str],
    notes: list[str],
) -> list[_Candidate]:
    """What the file's cells of a dimension below the body's name among the `known` facets or edges: by group, the rest by entity."""
    candidates: list[_Candidate] = []
    free = np.zeros(len(raw.entity), bool)
    for _, numbers in lower:
        free[numbers] = True
    for group in raw.groups:
        if group.of == "cells":
            members = np.unique(group.members)
            rows = [cells[np.isin(numbers, members)] for cells, numbers in lower]
            if sum(map(len, rows)) and group.dimension in (None, dimension):
                free[members] = False
                candidates.append(_Candidate(group.name, group.number, _located(what, group, rows, new, known, problems, notes)))
    for number in np.unique(raw.entity[free]).tolist():
        own = free & (raw.entity == number)
        if number < 0:
            notes.append(f"dropped {own.sum()} {_WHAT[dimension]} that are in no group")
            continue
        rows = [cells[own[numbers]] for cells, numbers in lower]
        group = Group("", number, None, "cells", np.flatnonzero(own))
        candidates.append(_Candidate("", number, _located(what, group, rows, new, known, problems, notes)))
    return candidates


def _within(group: Group, new: Integers, known: Integers) -> Any:
    """Which facets or edges (n, m) have all their vertices in a group of points."""
    inside = np.zeros(len(new), bool)
    vertices = new[group.members]
    inside[vertices[vertices >= 0]] = True
    return inside[known].all(axis=1)


def _located(
    what: str, group: Group, rows: Iterable[Integers], new: Integers, known: Integers, problems: list[str], notes: list[str]
) -> Integers:
    """Numbers of the `known` facets or edges (n, m) that the cells of a group are, none of them twice."""
    found: list[Integers] = [np.empty(0, np.int64)]
    lost = 0
    n, m = known.shape
    kinds = {"face": "facets", "edge": "edges"}[what]
    for cells in rows:
        vertices = new[cells]
        if cells.shape[1] != m:
            lost += len(cells)
            continue
        vertices = vertices[(vertices >= 0).all(axis=1)]
        number = equal_rows(np.concatenate([known, vertices]))
        facet = np.full(number.max(initial=-1) + 1, -1, np.int64)
        facet[number[:n]] = np.arange(n)
        place = facet[number[n:]]
        lost += len(cells) - int((place >= 0).sum())
        found.append(place[place >= 0])
    members = np.unique(np.concatenate(found))
    name = group.name or str(group.number)
    if lost and len(members):
        problems.append(f"the group {name!r} has {lost} cells that are not {kinds} of the body, besides {len(members)} that are")
    elif lost:
        notes.append(f"the group {name!r} names no {what}: its {lost} cells are not {kinds} of the body")
    return members


def _automatic(facets: Facets, label: Integers, names: list[str]) -> dict[str, Integers]:
    """The interfaces `a|b` of regions, in their order, and `outside`."""
    inner = facets.sides[:, 1] >= 0
    pair = np.sort(label[facets.sides], axis=1)
    between = np.flatnonzero(inner & (pair[:, 0] != pair[:, 1]))
    code = pair[between, 0] * len(names) + pair[between, 1]
    found = {
        f"{names[both // len(names)]}|{names[both % len(names)]}": facets.vertices[between[code == both]]
        for both in np.unique(code).tolist()
    }
    return found | {"outside": facets.vertices[~inner]}


def _touching(facets: Facets, cells: Integers, notes: list[str]) -> None:
    """Say how many parts there are, and whether some touch in vertices or edges only, which no heat crosses in nature."""
    label = parts_of(facets, len(cells))
    n = int(label.max()) + 1
    if n == 1:
        return
    graph = csr_array(
        (np.ones(cells.size, np.int8), (np.repeat(label, cells.shape[1]), n + cells.ravel())), shape=(n + cells.max() + 1,) * 2
    )
    n_apart = len(np.unique(connected_components(graph, directed=False)[1][:n]))
    notes.append(
        f"the body has {n} separate parts" + (f", of which {n - n_apart} touch another in an edge or a vertex only" if n_apart < n else "")
    )


def _order(cells: Integers, n_vertices: int) -> Integers:
    """Old numbers of the vertices in an order of small bandwidth."""
    incidence = csr_array(
        (np.ones(cells.size, np.int32), cells.ravel(), np.arange(0, cells.size + 1, cells.shape[1])), shape=(len(cells), n_vertices)
    )
    return reverse_cuthill_mckee((incidence.T @ incidence).tocsr(), symmetric_mode=True).astype(np.int64)  # type: ignore[no-any-return]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:60]) for name in names[:MOST_SHOWN]) + (", ..." if len(names) > MOST_SHOWN else "")


def _meant(name: str, known: Sequence[str]) -> str:
    """What there is, and the nearest of it first."""
    close = difflib.get_close_matches(name, known, 1, 0.6)
    guess = f"; did you mean {close[0]!r}?" if close else ""
    return guess + (f"; it has {_listed(known)}" if known else "; it has none")


# ---- writing


def mesh_bytes(mesh: Mesh, suffix: str) -> bytes:
    """A mesh as the contents of a file: `.msh` (Gmsh 2.2, text) or `.vtu`.

    .msh holds regions, faces and edges as physical groups by name, and `read_mesh` gives them back; faces that `read_mesh` makes by
    itself (`a|b`, `outside`) are left out. .vtu holds the regions as the array of integers `region`, numbered from 1 in their order.

    Raises ValueError where the suffix is another one, or a name has a quotation mark or a line break in it.
    """
    writers = {".msh": _gmsh_text, ".vtu": _vtu_bytes}
    if suffix.lower() not in writers:
        raise ValueError("a mesh can be written as .msh or .vtu only")
    return writers[suffix.lower()](mesh)


def _gmsh_text(mesh: Mesh) -> bytes:
    """Gmsh's format 2.2 as text, numbers with all their digits."""
    numbers = {"line": 1, "triangle": 2, "quad": 3, "tetra": 4, "hexahedron": 5}
    d = DIMENSION[mesh.kind]
    facet_type = {1: 15, 2: 1, 3: 2, 4: 3}[len(FACETS[mesh.kind][0])]
    faces = {name: facets for name, facets in mesh.faces.items() if "|" not in name and name != "outside"}
    parts = ((1, mesh.edges), (d - 1, faces), (d, mesh.regions))
    names = [(dimension, i, name) for dimension, part in parts for i, name in enumerate(part, 1)]
    if any('"' in name or not name.isprintable() for _, _, name in names):
        raise ValueError("a name with a quotation mark or a line break cannot be written")
    region = np.empty(len(mesh.cells), np.int64)
    for i, members in enumerate(mesh.regions.values(), 1):
        region[members] = i
    points = np.zeros((len(mesh.points), 3))
    points[:, :d] = mesh.points
    lines = ["$MeshFormat", "2.2 0 8", "$EndMeshFormat", "$PhysicalNames", str(len(names))]
    lines += [f'{dimension} {i} "{name}"' for dimension, i, name in names]
    lines += ["$EndPhysicalNames", "$Nodes", str(len(points))]
    lines += [f"{i} {x!r} {y!r} {z!r}" for i, (x, y, z) in enumerate(points.tolist(), 1)]
    rows = [
        f"{type_} 2 {i} {i} " + " ".join(map(str, cell))
        for type_, part in ((1, mesh.edges), (facet_type, faces))
        for i, cells in enumerate(part.values(), 1)
        for cell in (cells + 1).tolist()
    ]
    rows += [
        f"{numbers[mesh.kind]} 2 {i} {i} " + " ".join(map(str, cell))
        for i, cell in zip(region.tolist(), (mesh.cells + 1).tolist(), strict=True)
    ]
    lines += ["$EndNodes", "$Elements", str(len(rows)), *(f"{i} {row}" for i, row in enumerate(rows, 1)), "$EndElements", ""]
    return "\n".join(lines).encode()


def _vtu_bytes(mesh: Mesh) -> bytes:
    import meshio

    region = np.empty(len(mesh.cells), np.int32)
    for i, members in enumerate(mesh.regions.values(), 1):
        region[members] = i
    points = np.zeros((len(mesh.points), 3))
    points[:, : mesh.points.shape[1]] = mesh.points
    data: Any = meshio.Mesh(points, [(mesh.kind, mesh.cells)], cell_data={"region": [region]})
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "mesh.vtu"
        data.write(part, file_format="vtu")
        return part.read_bytes()
