"""Mesh files as plain arrays: Gmsh .msh 2.2 and 4.1, .vtu, Abaqus .inp, .xdmf; run as a program in a process of its own.

It imports nothing of ours, so that `python -P files.py` works wherever it lies. Gmsh and Abaqus files are parsed here, since
meshio takes node -3 for another node, puts sets of Abaqus on the wrong cells when one *ELEMENT has no set, and stops at a
Gmsh 4.1 file with elements outside the groups; .vtu and .xdmf are decoded by meshio.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import stat
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LARGEST_FILE = 2 * 1024**3  # bytes
FORMATS = {".msh": "Gmsh", ".vtu": "VTU", ".inp": "Abaqus", ".xdmf": "XDMF"}


class Unreadable(ValueError):
    """The file is damaged or holds what is not read; the text says which."""


class Group(NamedTuple):
    """Cells, points or facets that the file names, by `name` (may be empty) or `number`, or both.

    `members`: cell numbers over all blocks, point numbers, or facets (n, m) of point numbers. `dimension` of the cells, or None.
    """

    name: str
    number: int | None
    dimension: int | None
    of: Literal["cells", "points", "facets"]
    members: Integers


class Raw(NamedTuple):
    """What a mesh file says, unchecked but for its node numbers.

    `points` (n, 1 to 3); `blocks` kind of cell in VTK's words with (m, k) point numbers, corners first; `entity` geometrical
    entity of each cell over all blocks, -1 for none; `arrays` names of the arrays of integers on cells; `doubt` what may be
    wrong with a file that was read all the same, or nothing.
    """

    points: Floats
    blocks: list[tuple[str, Integers]]
    groups: list[Group]
    entity: Integers
    arrays: list[str]
    doubt: str = ""


def read_raw(path: Path, cell_array: str | None = None) -> Raw:
    """The file as arrays, `cell_array` (.vtu, .xdmf) as groups by value; whatever is wrong with it is an `Unreadable`."""
    readers = {".msh": _msh, ".vtu": _vtu, ".inp": _inp, ".xdmf": _xdmf}
    suffix = path.suffix.lower()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy only warns of text that is no number
            raw = readers[suffix](path, cell_array)
    except (Unreadable, MemoryError, OSError):
        raise
    except ImportError as error:
        raise Unreadable(f"cannot be read without the package {error.name}: pip install {error.name}") from None
    except (Exception, SystemExit) as error:  # meshio leaves by SystemExit too
        lines = str(error).splitlines()
        reason = f" ({lines[0][:100]})" if lines and not isinstance(error, SystemExit) else ""
        raise Unreadable(f"is damaged or is a kind of {FORMATS[suffix]} file that cannot be read{reason}") from None
    if not raw.blocks:
        raise Unreadable("has no cells")
    return raw


def save(raw: Raw, path: Path) -> None:
    """Write the arrays as .npz, what names them as JSON text in it."""
    words = {
        "kinds": [kind for kind, _ in raw.blocks],
        "groups": [[group.name, group.number, group.dimension, group.of] for group in raw.groups],
        "arrays": raw.arrays,
        "doubt": raw.doubt,
    }
    arrays = {f"cells_{i}": cells for i, (_, cells) in enumerate(raw.blocks)}
    arrays |= {f"group_{i}": group.members for i, group in enumerate(raw.groups)}
    np.savez(path, words=np.frombuffer(json.dumps(words).encode(), np.uint8), points=raw.points, entity=raw.entity, **arrays)  # type: ignore[arg-type]


def load(path: Path) -> Raw:
    """What `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        words = json.loads(file["words"].tobytes())
        blocks = [(kind, file[f"cells_{i}"]) for i, kind in enumerate(words["kinds"])]
        groups = [Group(name, number, dimension, of, file[f"group_{i}"]) for i, (name, number, dimension, of) in enumerate(words["groups"])]
        return Raw(file["points"], blocks, groups, file["entity"], words["arrays"], words["doubt"])


def _numbered(tags: Integers, wanted: Integers, element: Integers) -> Integers:
    """Positions of the node numbers `wanted` (n, m) among `tags`; `element` (n,) for the message."""
    order = np.argsort(tags, kind="stable")
    ordered = tags[order]
    twice = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(twice):
        raise Unreadable(f"has the node {ordered[twice[0]]} twice")
    at = np.minimum(np.searchsorted(ordered, wanted), max(len(tags) - 1, 0))
    lost = ordered[at] != wanted if len(tags) else np.ones(wanted.shape, bool)
    if lost.any():
        i, j = np.argwhere(lost)[0]
        raise Unreadable(f"has an element {element[i]} on the node {wanted[i, j]}, which is not among its {len(tags)} nodes")
    found: Integers = order[at]
    return found


# ---- Gmsh

# kind and number of nodes by Gmsh's number
_GMSH = {
    1: ("line", 2),
    2: ("triangle", 3),
    3: ("quad", 4),
    4: ("tetra", 4),
    5: ("hexahedron", 8),
    6: ("wedge", 6),
    7: ("pyramid", 5),
    8: ("line3", 3),
    9: ("triangle6", 6),
    10: ("quad9", 9),
    11: ("tetra10", 10),
    12: ("hexahedron27", 27),
    13: ("wedge18", 18),
    14: ("pyramid14", 14),
    15: ("vertex", 1),
    16: ("quad8", 8),
    17: ("hexahedron20", 20),
    18: ("wedge15", 15),
    19: ("pyramid13", 13),
}
# where VTK's nodes on edges stand in Gmsh's cells; the edges alone, for what follows is dropped
_GMSH_ORDER = {"tetra10": (4, 5, 6, 7, 9, 8), "hexahedron20": (8, 11, 13, 9, 16, 18, 19, 17, 10, 12, 14, 15)}
_GMSH_ORDER["hexahedron27"] = _GMSH_ORDER["hexahedron20"]


class _Numbers:
    """Numbers taken one after the other from the body of a section, as text or as bytes."""

    def __init__(self, data: bytes, text: bool, name: str) -> None:
        self.data, self.text, self.name, self.at = data, text, name, 0
        self.values = np.fromstring(data.decode("ascii"), sep=" ") if text and data.strip() else np.empty(0)

    def take(self, n: int, dtype: str) -> NDArray[Any]:
        """The next n: "i4", "i8" or "f8"; text must be whole numbers where integers are wanted."""
        size = 1 if self.text else np.dtype(dtype).itemsize
        left = (len(self.values) if self.text else len(self.data)) - self.at
        if not 0 <= n * size <= left:
            raise Unreadable(f"is truncated or damaged: its section ${self.name} has fewer numbers than it announces")
        start, self.at = self.at, self.at + n * size
        if not self.text:
            return np.frombuffer(self.data, dtype, n, start)
        values = self.values[start : self.at]
        return values if dtype == "f8" else _whole(values, self.name)

    def integers(self, n: int, dtype: str) -> list[int]:
        """The next n as Python integers."""
        return [int(value) for value in self.take(n, dtype)]

    def finish(self) -> None:
        """Nothing may be left over, or rows were misread."""
        if (self.at != len(self.values)) if self.text else self.data[self.at :].strip():
            raise Unreadable(f"is damaged: its section ${self.name} has more numbers than it announces")


def _whole(values: Floats, name: str) -> Integers:
    if not np.all((values == np.rint(values)) & (np.abs(values) < 2.0**53)):
        raise Unreadable(f"is damaged: its section ${name} has numbers that are not integers where integers are needed")
    return values.astype(np.int64)


def _gmsh_kind(number: int) -> tuple[str, int]:
    if number not in _GMSH:
        raise Unreadable(f"has elements of Gmsh's type {number}, which are not supported")
    return _GMSH[number]


class _Part(NamedTuple):
    """Elements of one type: their numbers (n,), entity (n,), groups (n,) (0 for none) and node numbers (n, k) of the file."""

    type: int
    numbers: Integers
    entity: Integers
    physical: Integers
    nodes: Integers


def _msh(path: Path, cell_array: str | None) -> Raw:
    data = path.read_bytes()
    head = re.match(rb"\s*(?:\$Comments\b.*?\$EndComments\s+)?\$MeshFormat\s+(\S+)\s+([01])\s+(\d+)[ \t]*\r?\n", data, re.DOTALL)
    if head is None:
        raise Unreadable("is not a Gmsh file: it does not begin with $MeshFormat")
    version, text, size = head[1].decode(errors="replace"), head[2] == b"0", int(head[3])
    if version not in ("2", "2.1", "2.2", "4.1"):
        raise Unreadable(f"has the format version {version[:20]!r}; save it as 4.1 or 2.2")
    if not text and (data[head.end() : head.end() + 4] != b"\x01\x00\x00\x00" or size != 8):
        raise Unreadable("is a binary file with another byte order or number size; save it as ASCII")
    sections = _sections(data, head.end())
    for name in ("Nodes", "Elements"):
        if name not in sections:
            raise Unreadable(f"has no section ${name}")
    if "PartitionedEntities" in sections:
        raise Unreadable("is partitioned; save it in one piece")
    names = {}
    for line in sections.get("PhysicalNames", b"").splitlines()[1:]:
        named = re.match(r'\s*(\d+)\s+(-?\d+)\s+"(.*)"\s*$', line.decode(errors="replace"))
        if named is None:
            raise Unreadable(f"is damaged: its section $PhysicalNames has the invalid line {line[:40].decode(errors='replace')!r}")
        names[int(named[1]), abs(int(named[2]))] = named[3]
    return _msh2(sections, text, names) if version.startswith("2") else _msh4(sections, text, names)


def _sections(data: bytes, at: int) -> dict[str, bytes]:
    """Bodies of the sections by name. Where $End... stands in binary data by chance the numbers end too early, which is noticed."""
    at = data.find(b"$EndMeshFormat", at)
    if at < 0:
        raise Unreadable("is truncated: its section $MeshFormat does not end")
    at += len(b"$EndMeshFormat")
    sections: dict[str, bytes] = {}
    opening = re.compile(rb"\s*(?:\$(\w+)[ \t]*\r?(?:\n|\Z)|(\S))")
    while (found := opening.match(data, at)) is not None:
        if found[1] is None:
            raise Unreadable(f"is damaged: {data[found.start(2) : found.start(2) + 20].decode(errors='replace')!r} begins no section")
        name = found[1].decode(errors="replace")
        end = data.find(b"$End" + found[1], found.end())
        if end < 0:
            raise Unreadable(f"is truncated: its section ${name} does not end")
        if name in sections and name in ("Nodes", "Elements", "Entities", "PhysicalNames"):
            raise Unreadable(f"has two sections ${name}")
        sections[name] = data[found.end() : end]
        at = end + len(name) + 4
    return sections


def _counted(body: bytes, text: bool, name: str) -> tuple[int, _Numbers]:
    """The count on the first line of a section of version 2, and what follows it."""
    line, _, rest = body.partition(b"\n")
    if not re.fullmatch(rb"\s*\d{1,15}\s*", line):
        raise Unreadable(f"is damaged: its section ${name} does not begin with a count")
    return int(line), _Numbers(rest, text, name)


def _msh2(sections: dict[str, bytes], text: bool, names: dict[tuple[int, int], str]) -> Raw:
    n, numbers = _counted(sections["Nodes"], text, "Nodes")
    if text:
        rows = numbers.take(4 * n, "f8").reshape(n, 4)
        tags, points = _whole(rows[:, 0], "Nodes"), rows[:, 1:]
    else:
        packed = np.frombuffer(numbers.take(28 * n, "u1").tobytes(), [("tag", "<i4"), ("x", "<f8", (3,))])
        tags, points = packed["tag"].astype(np.int64), packed["x"]
    numbers.finish()
    n, numbers = _counted(sections["Elements"], text, "Elements")
    parts: list[_Part] = []
    for type_, n_tags, rows in _runs(_whole(numbers.values, "Elements")) if text else _packed_runs(numbers, n):
        physical = np.abs(rows[:, 0]) if n_tags else np.zeros(len(rows), np.int64)
        entity = rows[:, 1] if n_tags > 1 else np.full(len(rows), -1)
        parts.append(_Part(type_, rows[:, -1], entity, physical, rows[:, n_tags:-1]))
    total = sum(len(part.numbers) for part in parts)
    if total != n:
        raise Unreadable(f"is truncated or damaged: it announces {n} elements and has {total}")
    return _gmsh_raw(points, tags, parts, {}, names)


def _runs(flat: Integers) -> Iterator[tuple[int, int, Integers]]:
    """Type, number of tags and rows (tags, nodes, number of the element) of successive elements alike, of version 2 as text."""
    at = 0
    while at < len(flat):
        if len(flat) - at < 3:
            raise Unreadable("is truncated or damaged in its last element")
        type_, n_tags = int(flat[at + 1]), int(flat[at + 2])
        width = 3 + n_tags + _gmsh_kind(type_)[1]
        n, most = 0, (len(flat) - at) // width if 0 <= n_tags < 1000 else 0
        while n < most:  # alike so far: look at as many again
            ahead = flat[at + n * width : at + min(2 * n + 1, most) * width].reshape(-1, width)
            alike = (ahead[:, 1] == type_) & (ahead[:, 2] == n_tags)
            n += len(alike) if alike.all() else int(np.argmin(alike))
            if not alike.all():
                break
        if n == 0:
            raise Unreadable("is truncated or damaged in its last element")
        rows = flat[at : at + n * width].reshape(n, width)
        yield type_, n_tags, np.column_stack([rows[:, 3:], rows[:, 0]])
        at += n * width


def _packed_runs(numbers: _Numbers, n: int) -> Iterator[tuple[int, int, Integers]]:
    """The same of a binary file."""
    while n > 0:
        type_, n_rows, n_tags = numbers.integers(3, "i4")
        if n_rows <= 0 or not 0 <= n_tags < 1000:
            raise Unreadable("is damaged in its section $Elements")
        width = 1 + n_tags + _gmsh_kind(type_)[1]
        rows = numbers.take(n_rows * width, "i4").reshape(n_rows, width).astype(np.int64)
        yield type_, n_tags, np.column_stack([rows[:, 1:], rows[:, 0]])
        n -= n_rows
    numbers.finish()


def _msh4(sections: dict[str, bytes], text: bool, names: dict[tuple[int, int], str]) -> Raw:
    groups_of: dict[tuple[int, int], list[int]] = {}  # physical groups by dimension and tag of the entity
    if "Entities" in sections:
        numbers = _Numbers(sections["Entities"], text, "Entities")
        for dimension, n in enumerate(numbers.integers(4, "i8")):
            for _ in range(n):
                (tag,) = numbers.integers(1, "i4")
                numbers.take(6 if dimension else 3, "f8")
                groups_of[dimension, tag] = [abs(number) for number in numbers.integers(numbers.integers(1, "i8")[0], "i4")]
                if dimension:
                    numbers.take(numbers.integers(1, "i8")[0], "i4")
        numbers.finish()
    numbers = _Numbers(sections["Nodes"], text, "Nodes")
    n_blocks, n_nodes, _, _ = numbers.integers(4, "i8")
    tags, points = [np.empty(0, np.int64)], [np.empty((0, 3))]
    for _ in range(n_blocks):
        dimension, _, parametric = numbers.integers(3, "i4")
        (n,) = numbers.integers(1, "i8")
        width = 3 + (dimension if parametric else 0)
        tags.append(numbers.take(n, "i8"))
        points.append(numbers.take(n * width, "f8").reshape(n, width)[:, :3])
    numbers.finish()
    if sum(map(len, tags)) != n_nodes:
        raise Unreadable(f"is truncated or damaged: it announces {n_nodes} nodes and has {sum(map(len, tags))}")
    numbers = _Numbers(sections["Elements"], text, "Elements")
    n_blocks, n_elements, _, _ = numbers.integers(4, "i8")
    parts = []
    for _ in range(n_blocks):
        dimension, tag, type_ = numbers.integers(3, "i4")
        (n,) = numbers.integers(1, "i8")
        width = 1 + _gmsh_kind(type_)[1]
        rows = numbers.take(n * width, "i8").reshape(n, width)
        parts.append(_Part(type_, rows[:, 0], np.full(n, tag), np.zeros(n, np.int64), rows[:, 1:]))
    numbers.finish()
    if sum(len(part.numbers) for part in parts) != n_elements:
        raise Unreadable(f"is truncated or damaged: it announces {n_elements} elements and has {sum(len(part.numbers) for part in parts)}")
    return _gmsh_raw(np.concatenate(points), np.concatenate(tags), parts, groups_of, names)


def _gmsh_raw(
    points: Floats, tags: Integers, parts: list[_Part], groups_of: dict[tuple[int, int], list[int]], names: dict[tuple[int, int], str]
) -> Raw:
    """Parts of one kind put together; groups from the elements' own numbers (version 2) or those of their entities (version 4)."""
    blocks: list[tuple[str, Integers]] = []
    entities = [np.empty(0, np.int64)]
    members: dict[tuple[int, int], list[Integers]] = {}
    first = 0
    for type_ in dict.fromkeys(part.type for part in parts):
        kind = _GMSH[type_][0]
        alike = [part for part in parts if part.type == type_]
        physical, entity = (np.concatenate(arrays) for arrays in zip(*((part.physical, part.entity) for part in alike), strict=True))
        nodes = _numbered(tags, np.concatenate([part.nodes for part in alike]), np.concatenate([part.numbers for part in alike]))
        dimension = dimension_of(kind)
        original = np.arange(len(nodes))
        if physical.any() and (physical != physical[0]).any():  # version 2 writes an element once for each of its groups
            _, first_of, inverse = np.unique(nodes, axis=0, return_index=True, return_inverse=True)
            one = first_of[inverse.ravel()]
            original = np.where(physical != physical[one], one, original)
        kept = np.flatnonzero(original == np.arange(len(nodes)))
        position = first + np.searchsorted(kept, original)
        for number in np.unique(physical[physical > 0]).tolist():
            members.setdefault((dimension, number), []).append(position[physical == number])
        for tag in np.unique(entity).tolist():
            for number in groups_of.get((dimension, tag), []):
                members.setdefault((dimension, number), []).append(position[entity == tag])
        if kind in _GMSH_ORDER:
            nodes = nodes[:, [*range(min(_GMSH_ORDER[kind])), *_GMSH_ORDER[kind]]]
            kind = "hexahedron20" if kind == "hexahedron27" else kind
        blocks.append((kind, nodes[kept]))
        entities.append(entity[kept])
        first += len(kept)
    order = {key: i for i, key in enumerate(names)}
    groups = [
        Group(names.get((dimension, number), ""), number, dimension, "cells", np.concatenate(members[dimension, number]))
        for dimension, number in sorted(members, key=lambda key: (order.get(key, len(order)), key))
    ]
    return Raw(np.asarray(points, np.float64), blocks, groups, np.concatenate(entities), [])


def dimension_of(kind: str) -> int:
    """Dimension of a kind of cell by its name."""
    return next((d for d, stems in enumerate(_STEMS) if kind.startswith(stems)), -1)


_STEMS = (("vertex",), ("line",), ("triangle", "quad"), ("tetra", "hexahedron", "wedge", "pyramid"))


# ---- Abaqus

_SOLIDS = {4: "tetra", 5: "pyramid", 6: "wedge", 8: "hexahedron", 10: "tetra10", 13: "pyramid13", 15: "wedge15", 20: "hexahedron20"}
_SHEETS = {3: "triangle", 4: "quad", 6: "triangle6", 8: "quad8", 9: "quad9"}
_ABAQUS = [  # family of element types, kind by number of nodes, number of nodes by kind
    (re.compile(r"(?:D?C3D|DC3D|AC3D)(\d+)[A-Z]*"), {**_SOLIDS, 27: "hexahedron27"}),
    (re.compile(r"(?:DC2D|AC2D|CPEG?|CPS|D?CAX|CGAX|M3D|SFM3D|R3D|DS|STRI|S)([34689])[A-Z]*5?"), _SHEETS),
    (re.compile(r"(?:T[23]D|DC1D|AC1D)([23])[A-Z]*"), {2: "line", 3: "line3"}),
]
# numbers of the nodes of each face S1, S2, ... of Abaqus' cells, corners alone
_ABAQUS_FACES = {
    "tetra": ((0, 1, 2), (0, 3, 1), (1, 3, 2), (2, 3, 0)),
    "hexahedron": ((0, 1, 2, 3), (4, 7, 6, 5), (0, 4, 5, 1), (1, 5, 6, 2), (2, 6, 7, 3), (3, 7, 4, 0)),
    "triangle": ((0, 1), (1, 2), (2, 0)),
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
}
_GENERATORS = ("NGEN", "NFILL", "NCOPY", "NMAP", "ELGEN", "ELCOPY", "INCLUDE", "SUBMODEL", "SYSTEM")


class _Set:
    """One set of Abaqus: numbers, the names of other sets in it, and those of the sets of elements whose nodes are in it."""

    def __init__(self, name: str) -> None:
        self.name, self.numbers, self.names, self.elements = name, [np.empty(0, np.int64)], list[str](), list[str]()


def _keywords(text: str) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """Keyword, parameters and data lines of each block of an Abaqus file."""
    keyword, options, lines = "", dict[str, str](), list[str]()
    unfinished = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("**") or not line:
            continue
        if unfinished or line.startswith("*"):
            unfinished += line
            if line.endswith(","):
                continue
            if keyword:
                yield keyword, options, lines
            words = [word.strip() for word in unfinished[1:].split(",")]
            keyword, unfinished, lines = " ".join(words[0].upper().split()), "", []
            pairs = (word.partition("=") for word in words[1:])
            options = {key.strip().upper(): value.strip().strip('"') for key, _, value in pairs}
        else:
            lines.append(line.rstrip(","))
    if keyword:
        yield keyword, options, lines


def _values(lines: list[str], dtype: type, keyword: str) -> NDArray[Any]:
    """All numbers of data lines."""
    values = np.fromstring(",".join(lines), sep=",") if lines else np.empty(0)
    return values if dtype is float else _whole(values, f"*{keyword}")


class _Deck:
    """What the keywords of an Abaqus file give, in their order: nodes, elements, sets of both, surfaces."""

    def __init__(self) -> None:
        self.tags, self.points = [np.empty(0, np.int64)], list[Floats]()
        self.elements: list[tuple[str, Integers, Integers]] = []  # kind, numbers, node numbers
        self.sets: dict[str, dict[str, _Set]] = {"NSET": {}, "ELSET": {}}
        self.surfaces: dict[str, list[tuple[str, str]]] = {}
        self.stated: set[str] = set()  # sets of elements by an *ELSET
        self.internal: set[str] = set()  # that Abaqus/CAE makes for a surface and does not show
        self.counts = {"PART": 0, "INSTANCE": 0}

    def take(self, keyword: str, options: dict[str, str], lines: list[str]) -> None:
        """One keyword with its options and its lines."""
        if keyword in _GENERATORS:
            raise Unreadable(f"uses *{keyword}, which is not supported; write the mesh out in full")
        if keyword in self.counts:
            self.counts[keyword] += 1
            if self.counts[keyword] > 1 or (keyword == "INSTANCE" and lines):
                raise Unreadable("has several parts or a moved part; export it as one flat mesh")
        elif keyword == "NODE" and lines:
            self._nodes(options, lines)
        elif keyword == "ELEMENT":
            self._elements(options, lines)
        elif keyword in self.sets and keyword in options:
            self._set(keyword, options, lines)
        elif keyword == "SURFACE" and options.get("TYPE", "ELEMENT").upper() == "ELEMENT":
            words = [line.partition(",") for line in lines]
            self.surfaces[options.get("NAME", "")] = [(word.strip(), label.strip().upper()) for word, _, label in words]

    def _nodes(self, options: dict[str, str], lines: list[str]) -> None:
        width = lines[0].count(",") + 1
        values = _values(lines, float, "NODE")
        if not 2 <= width <= 4 or any(line.count(",") + 1 != width for line in lines) or len(values) != width * len(lines):
            raise Unreadable("is damaged: each line below *NODE needs a number and 1 to 3 coordinates")
        rows = values.reshape(-1, width)
        self.tags.append(_whole(rows[:, 0], "*NODE"))
        self.points.append(np.pad(rows[:, 1:], ((0, 0), (0, 4 - width))))
        self._added("NSET", options, self.tags[-1])

    def _elements(self, options: dict[str, str], lines: list[str]) -> None:
        kind, n = _abaqus_kind(options.get("TYPE", ""))
        values = _values(lines, int, "ELEMENT")
        if len(values) % (n + 1):
            raise Unreadable(f"is truncated or damaged: elements {options['TYPE']} have {n} nodes each")
        rows = values.reshape(-1, n + 1)
        self.elements.append((kind, rows[:, 0], rows[:, 1:]))
        self._added("ELSET", options, rows[:, 0])

    def _added(self, of: str, options: dict[str, str], numbers: Integers) -> None:
        if of in options:
            self.sets[of].setdefault(options[of].upper(), _Set(options[of])).numbers.append(numbers)

    def _set(self, keyword: str, options: dict[str, str], lines: list[str]) -> None:
        entry = self.sets[keyword].setdefault(options[keyword].upper(), _Set(options[keyword]))
        _fill(entry, lines, "GENERATE" in options)
        if keyword == "ELSET":
            self.stated.add(entry.name.upper())
        elif "ELSET" in options:
            entry.elements.append(options["ELSET"])
        if "INTERNAL" in options:
            self.internal.add(options[keyword].upper())

    def groups(self, tags: Integers, blocks: list[tuple[str, Integers]], cell_tags: Integers) -> list[Group]:
        """The sets and surfaces as groups, from the numbers of all nodes and of all cells."""
        groups = []
        for entry in sorted(self.sets["ELSET"].values(), key=lambda entry: entry.name.upper() not in self.stated):
            members = _positions(cell_tags, _resolved(entry, self.sets["ELSET"]), f"element set {entry.name!r}")
            groups.append(Group(entry.name, None, None, "cells", members))
        named_cells = {group.name.upper(): group.members for group in groups}
        for entry in self.sets["NSET"].values():
            members = _positions(tags, _resolved(entry, self.sets["NSET"]), f"node set {entry.name!r}")
            for word in entry.elements:
                members = np.union1d(members, _nodes_of(blocks, named_cells[_known(word, named_cells, entry)]))
            groups.append(Group(entry.name, None, None, "points", members))
        hidden = self.internal | {word.upper() for pairs in self.surfaces.values() for word, _ in pairs if word.startswith("_")}
        groups = [group for group in groups if group.name.upper() not in hidden]
        return groups + [_surface(name, pairs, blocks, cell_tags, named_cells) for name, pairs in self.surfaces.items()]


def _inp(path: Path, cell_array: str | None) -> Raw:
    text = path.read_bytes().decode(errors="replace")
    doubt = ""
    if text[-1:] not in ("\n", "\r") and text.rpartition("\n")[2].lstrip()[:1] != "*":
        doubt = "its last line has no line break: if the file was truncated, its last number may be incomplete"
    deck = _Deck()
    for keyword, options, lines in _keywords(text):
        deck.take(keyword, options, lines)
    if not deck.elements:
        raise Unreadable("has no cells")
    tags = np.concatenate(deck.tags)
    blocks = [(kind, _numbered(tags, nodes, numbers)) for kind, numbers, nodes in deck.elements]
    cell_tags = np.concatenate([numbers for _, numbers, _ in deck.elements])
    groups = deck.groups(tags, blocks, cell_tags)
    return Raw(np.concatenate(deck.points), blocks, groups, np.full(len(cell_tags), -1), [], doubt)


def _nodes_of(blocks: list[tuple[str, Integers]], cells: Integers) -> Integers:
    """Positions of the nodes of cells that are numbered over all blocks."""
    starts = np.cumsum([0, *(len(nodes) for _, nodes in blocks)])
    parts = [
        nodes[cells[(cells >= start) & (cells < end)] - start].ravel()
        for (_, nodes), start, end in zip(blocks, starts[:-1], starts[1:], strict=True)
    ]
    return np.unique(np.concatenate(parts))


def _abaqus_kind(name: str) -> tuple[str, int]:
    for family, kinds in _ABAQUS:
        found = family.fullmatch(name.upper())
        if found and int(found[1]) in kinds:
            return kinds[int(found[1])], int(found[1])
    raise Unreadable(f"has elements of the type {name[:20]!r}, which is not supported")


def _fill(entry: _Set, lines: list[str], generate: bool) -> None:
    """Add the data lines of a set to it: numbers (perhaps behind the name of an instance), ranges or names of sets."""
    if generate:
        for line in lines:
            low, high, step = (*_values([line], int, "NSET").tolist(), 1)[:3]
            if step < 1 or (high - low) // step >= 1 << 26:  # more than a mesh can have
                raise Unreadable(f"is damaged: the set {entry.name!r} goes from {low} to {high} in steps of {step}")
            entry.numbers.append(np.arange(low, high + 1, step))
        return
    words = [word.strip().strip('"') for line in lines for word in line.split(",") if word.strip()]
    numbers = [word.rpartition(".")[2] for word in words]
    entry.numbers.append(np.array([int(number) for number in numbers if number.isdecimal()], np.int64))
    entry.names += [word for word, number in zip(words, numbers, strict=True) if not number.isdecimal()]


def _known(name: str, sets: dict[str, Any], entry: _Set) -> str:
    """The key of a set that another names, perhaps behind the name of an instance."""
    for key in (name.upper(), name.upper().rpartition(".")[2]):
        if key in sets:
            return key
    raise Unreadable(f"has a set {entry.name!r} that names {name[:40]!r}, which is not a set of the file")


def _resolved(entry: _Set, known: dict[str, _Set]) -> Integers:
    """Numbers of a set with those of the sets it names."""
    todo, seen = [entry], {id(entry)}
    numbers: list[Integers] = []
    while todo:
        one = todo.pop()
        numbers += one.numbers
        for name in one.names:
            other = known[_known(name, known, entry)]
            if id(other) not in seen:
                seen.add(id(other))
                todo.append(other)
    return np.unique(np.concatenate(numbers))


def _positions(tags: Integers, wanted: Integers, what: str) -> Integers:
    """Positions of the numbers of a set among the tags."""
    order = np.argsort(tags, kind="stable")
    ordered = tags[order]
    if np.any(ordered[1:] == ordered[:-1]):
        raise Unreadable("has two elements or two nodes of the same number")
    at = np.minimum(np.searchsorted(ordered, wanted), len(tags) - 1)
    lost = ordered[at] != wanted
    if lost.any():
        raise Unreadable(f"has the {what} with the number {wanted[np.argmax(lost)]}, which is not in the mesh")
    found: Integers = order[at]
    return found


def _surface(
    name: str, pairs: list[tuple[str, str]], blocks: list[tuple[str, Integers]], tags: Integers, sets: dict[str, Integers]
) -> Group:
    """Facets of a *SURFACE of faces S1, S2, ... of elements; none where Abaqus says anything else there."""
    none = Group(name, None, None, "facets", np.empty((0, 1), np.int64))
    facets: list[Integers] = []
    starts = np.cumsum([0, *(len(cells) for _, cells in blocks)])
    for word, label in pairs:
        face = re.fullmatch(r"S([1-6])", label)
        number = word.rpartition(".")[2]
        if face is None or not (word.upper() in sets or number.isdecimal()):
            return none
        cells = sets[word.upper()] if word.upper() in sets else _positions(tags, np.array([int(number)]), f"surface {name!r}")
        for (kind, nodes), start, end in zip(blocks, starts[:-1], starts[1:], strict=True):
            corners = _ABAQUS_FACES.get(re.sub(r"\d+$", "", kind), ())
            here = cells[(cells >= start) & (cells < end)] - start
            if len(here) and int(face[1]) <= len(corners):
                facets.append(nodes[here][:, list(corners[int(face[1]) - 1])])
    if not facets or len({facet.shape[1] for facet in facets}) > 1:
        return none
    return none._replace(members=np.concatenate(facets))


# ---- VTU and XDMF, decoded by meshio

_VTK = {
    1: ("vertex", 1),
    3: ("line", 2),
    5: ("triangle", 3),
    9: ("quad", 4),
    10: ("tetra", 4),
    12: ("hexahedron", 8),
    13: ("wedge", 6),
    14: ("pyramid", 5),
    21: ("line3", 3),
    22: ("triangle6", 6),
    23: ("quad8", 8),
    24: ("tetra10", 10),
    25: ("hexahedron20", 20),
    28: ("quad9", 9),
    29: ("hexahedron27", 27),
}


def _no_doctype(path: Path) -> None:
    """Refuse a document type, and with it all entities, before any other parser sees the file."""
    from xml.parsers import expat

    class Begun(Exception):
        """The first element: no document type can follow."""

    def refuse(*_: object) -> NoReturn:
        raise Unreadable("has a DOCTYPE, which is not accepted")

    def begin(*_: object) -> NoReturn:
        raise Begun

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = refuse, begin
    with contextlib.suppress(Begun), open(path, "rb") as file:
        parser.ParseFile(file)


def _vtu(path: Path, cell_array: str | None) -> Raw:
    _no_doctype(path)
    from meshio.vtu._vtu import VtuReader

    class Reader(VtuReader):  # type: ignore[misc]
        """Keeps the arrays as they stand in the file: meshio drops all pieces but one and does not check the offsets."""

        def __init__(self) -> None:
            self.found: list[tuple[str, NDArray[Any]]] = []
            super().__init__(path)

        def read_data(self, c: Any) -> Any:
            data = super().read_data(c)
            self.found.append((c.attrib.get("Name", ""), np.asarray(data)))
            return data

    reader = Reader()
    if sum(name == "connectivity" for name, _ in reader.found) != 1:
        raise Unreadable("has several pieces; write it as one")
    arrays = dict(reader.found)
    offsets, types = (arrays[name].ravel().astype(np.int64) for name in ("offsets", "types"))
    connectivity = arrays["connectivity"].ravel().astype(np.int64)
    for type_ in np.unique(types):
        if int(type_) not in _VTK:
            raise Unreadable(f"has cells of VTK's type {type_}, which are not supported")
    sizes = np.array([_VTK[int(type_)][1] for type_ in types], np.int64)
    if not np.array_equal(np.cumsum(sizes), offsets) or sizes.sum() != len(connectivity):
        raise Unreadable("is damaged: the offsets of its cells do not fit their types and connectivity")
    starts = np.flatnonzero(np.diff(types, prepend=-1))
    blocks = []
    for start, end in itertools.pairwise([*starts, len(types)]):
        kind, n = _VTK[int(types[start])]
        blocks.append((kind, connectivity[offsets[start] - n : offsets[end - 1]].reshape(-1, n)))
    cell_data = {name: np.concatenate(pieces) for name, pieces in reader.cell_data.items()}
    return _from_arrays(np.asarray(reader.points), blocks, cell_data, cell_array)


def _from_arrays(points: NDArray[Any], blocks: list[tuple[str, Integers]], cell_data: dict[str, NDArray[Any]], wanted: str | None) -> Raw:
    """Points, cells and the values of one array as groups."""
    n_cells = sum(len(cells) for _, cells in blocks)
    for _, cells in blocks:
        if len(cells) and not (cells.min() >= 0 and cells.max() < len(points)):
            raise Unreadable(
                f"has a cell on the node {cells.min() if cells.min() < 0 else cells.max()}; its nodes are 0 to {len(points) - 1}"
            )
    whole = [name for name, values in cell_data.items() if values.shape == (n_cells,) and n_cells and np.all(values == np.rint(values))]
    groups: list[Group] = []
    if wanted in whole:
        dimensions = np.concatenate([np.full(len(cells), dimension_of(kind)) for kind, cells in blocks])
        pairs = np.stack([dimensions, cell_data[wanted].astype(np.int64)], axis=1)
        for dimension, value in np.unique(pairs, axis=0).tolist():
            groups.append(Group("", value, dimension, "cells", np.flatnonzero((pairs == (dimension, value)).all(axis=1))))
    return Raw(points.astype(np.float64), blocks, groups, np.full(n_cells, -1), whole)


def _xdmf(path: Path, cell_array: str | None) -> Raw:
    _no_doctype(path)
    from xml.etree import ElementTree

    import h5py

    for item in ElementTree.parse(path).iter("DataItem"):  # noqa: S314 no document type, so no entities
        form, text = item.get("Format", "XML"), (item.text or "").strip()
        if form == "HDF":
            name, _, inside = text.partition(":")
            _vet(path, name, inside, h5py)
        elif form != "XML":
            raise Unreadable(f"has data of the format {form[:20]!r} outside the file, which are not accepted")
    from meshio.xdmf.main import XdmfReader

    mesh = XdmfReader(str(path)).read()
    blocks = [(block.type, np.asarray(block.data).astype(np.int64)) for block in mesh.cells]
    if any(cells.ndim != 2 for _, cells in blocks):
        raise Unreadable("has cells without a fixed number of nodes, which are not supported")
    cell_data = {name: np.concatenate([np.asarray(values) for values in pieces]) for name, pieces in mesh.cell_data.items()}
    return _from_arrays(np.asarray(mesh.points), blocks, cell_data, cell_array)


def _vet(path: Path, name: str, inside: str, h5py: Any) -> None:
    """Refuse an HDF5 file elsewhere, and data in it that lie in other files or are larger than they may be."""
    target = path.parent / name
    if Path(name).name != name or not target.is_file() or target.is_symlink() or not stat.S_ISREG(target.lstat().st_mode):
        raise Unreadable(f"points at {name[:60]!r}, which is not a regular file in the same folder")
    if target.stat().st_size > LARGEST_FILE:
        raise Unreadable(f"points at {name[:60]!r}, which is larger than {LARGEST_FILE // 1024**3} GiB")
    with h5py.File(target, "r") as file:
        found = file
        for part in inside.strip("/").split("/"):
            link = found.get(part, getlink=True) if isinstance(found, h5py.Group) else None
            if not isinstance(link, h5py.HardLink):
                raise Unreadable(f"points at {inside[:60]!r} in {name[:60]!r}, which is not there or is a link to elsewhere")
            found = found[part]
        if not isinstance(found, h5py.Dataset) or found.external or found.is_virtual:
            raise Unreadable(f"points at {inside[:60]!r} in {name[:60]!r}, which is not an array or lies in another file")
        if found.size * found.dtype.itemsize > LARGEST_FILE:
            raise Unreadable(f"points at {inside[:60]!r} in {name[:60]!r}, an array larger than {LARGEST_FILE // 1024**3} GiB")


# ---- the program


def main(arguments: list[str]) -> int:
    """`files.py FILE OUT.npz SECONDS BYTES [CELL_ARRAY]`: 0 and OUT, or 1 and the reason in OUT.npz.txt."""
    source, target, seconds, memory = Path(arguments[0]), Path(arguments[1]), int(arguments[2]), int(arguments[3])
    _limit(seconds, memory)
    try:
        save(read_raw(source, arguments[4] if len(arguments) > 4 else None), target)
    except MemoryError:
        reason = f"needs more than {memory / 1024**3:.3g} GiB of memory to read"
    except Unreadable as error:
        reason = str(error)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
    else:
        return 0
    target.with_suffix(".txt").write_text(reason, encoding="utf-8")
    return 1


def _limit(seconds: int, memory: int) -> None:
    """Bound this process, as far as the system can; the parent stops it after its time in any case."""
    try:
        import resource
    except ImportError:  # on Windows
        return
    for name, least, most in (("RLIMIT_CPU", seconds, seconds + 1), ("RLIMIT_AS", memory, memory)):
        with contextlib.suppress(AttributeError, ValueError, OSError):  # a system that has no such limit, or a lower one
            resource.setrlimit(getattr(resource, name), (least, most))  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
