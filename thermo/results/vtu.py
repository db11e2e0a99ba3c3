"""A field of a body as VTK's file of an unstructured grid (.vtu): arrays packed with LZMA in raw bytes behind the XML.

The mesh is the same in every frame of a run. Packed once, its bytes go into each of them. VTK and meshio read these files too.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

try:
    import lzma
except ImportError:  # a Python that was built without it
    lzma = None  # type: ignore[assignment]

TYPES = {"line": 3, "triangle": 5, "quad": 9, "tetra": 10, "hexahedron": 12}  # VTK's numbers of cells
WORDS = {"f4": "Float32", "f8": "Float64", "i4": "Int32", "u1": "UInt8"}
ZLIB, LZMA = "vtkZLibDataCompressor", "vtkLZMADataCompressor"
BODY = b'<AppendedData encoding="raw">\n_'
MESHES = 8  # arrays of meshes that are kept when frames are read one after the other
BLOCK = 1 << 20  # bytes that are packed together
ONCE, EACH = 6, 1  # how hard to pack: the mesh of a run, the fields of each frame (a sixth of the time, for 5 % more bytes)


class Array(NamedTuple):
    """An array of a file: its name, VTK's word for its numbers, components of a vector (0 for plain numbers), packed bytes."""

    name: str
    word: str
    components: int
    data: bytes


def array(name: str, values: Any, effort: int = EACH) -> Array:
    """Values (n,) or (n, m) packed: VTK's header of block sizes, then the blocks."""
    values = np.asarray(values)
    code = f"{values.dtype.kind}{values.dtype.itemsize}"
    raw = np.ascontiguousarray(values, dtype=f"<{code}").tobytes()
    blocks = [_packed(raw[start : start + BLOCK], effort) for start in range(0, len(raw), BLOCK)]
    head = np.array([len(blocks), BLOCK, len(raw) % BLOCK, *map(len, blocks)], dtype="<u4")
    return Array(name, WORDS[code], values.shape[1] if values.ndim == 2 else 0, head.tobytes() + b"".join(blocks))


def _packed(raw: bytes, effort: int) -> bytes:
    if lzma is None:
        return zlib.compress(raw, effort)
    return lzma.compress(raw, preset=effort, check=lzma.CHECK_CRC32)


class Grid(NamedTuple):
    """What the frames of a run share: numbers of points and cells, packed points, cells and regions."""

    n_points: int
    n_cells: int
    points: Array
    cells: tuple[Array, ...]
    material: Array


def grid(points: NDArray[Any], cells: NDArray[Any], kind: str, material: NDArray[Any]) -> Grid:
    """The mesh of a run, packed.

    Parameters
    ----------
    points : array (n, 3) [m]
    cells : array (m, k), points of each cell as VTK numbers them
    kind : a word of `TYPES`
    material : array (m,), the region of each cell
    """
    n_cells, n_corners = cells.shape
    ends = np.arange(n_corners, n_corners * n_cells + 1, n_corners, dtype=np.int32)
    corners = array("connectivity", cells.astype(np.int32).ravel(), ONCE)
    types = array("types", np.full(n_cells, TYPES[kind], np.uint8), ONCE)
    regions = array("material", material.astype(np.int32), ONCE)
    return Grid(len(points), n_cells, array("Points", points, ONCE), (corners, array("offsets", ends, ONCE), types), regions)


def frame(mesh: Grid, of_points: Mapping[str, Any], of_cells: Mapping[str, Any], numbers: Mapping[str, float | int]) -> bytes:
    """A frame: fields of the points (n,) and of the cells (m,) or (m, 3) by name, and single numbers as its field data.

    Field data are numbers, because meshio reads no arrays of text.
    """
    parts = {
        "PointData": [array(name, values) for name, values in of_points.items()],
        "CellData": [mesh.material, *(array(name, values) for name, values in of_cells.items())],
        "Points": [mesh.points],
        "Cells": list(mesh.cells),
    }
    packer = ZLIB if lzma is None else LZMA
    lines = [
        '<?xml version="1.0"?>',
        f'<VTKFile type="UnstructuredGrid" version="0.1" byte_order="LittleEndian" header_type="UInt32" compressor="{packer}">',
        "<UnstructuredGrid>",
        f"<FieldData>{''.join(_number(name, value) for name, value in numbers.items())}</FieldData>",
        f'<Piece NumberOfPoints="{mesh.n_points}" NumberOfCells="{mesh.n_cells}">',
    ]
    offset = 0
    for part, arrays in parts.items():
        lines.append(f"<{part}>")
        for one in arrays:
            vector = f' NumberOfComponents="{one.components}"' if one.components else ""
            lines.append(f'<DataArray type="{one.word}" Name={quoteattr(one.name)}{vector} format="appended" offset="{offset}"/>')
            offset += len(one.data)
        lines.append(f"</{part}>")
    lines += ["</Piece>", "</UnstructuredGrid>", ""]
    body = b"".join(one.data for arrays in parts.values() for one in arrays)
    return "\n".join(lines).encode("utf-8") + BODY + body + b"\n</AppendedData>\n</VTKFile>\n"


def _number(name: str, value: float | int) -> str:
    word = "Float64" if isinstance(value, float) else "Int32"
    return f'<DataArray type="{word}" Name={quoteattr(name)} NumberOfTuples="1" format="ascii">{value!r}</DataArray>'


def read(file: Path) -> Any:
    """A field file as a `meshio.Mesh`: one of ours with its mesh kept from frame to frame, any other by meshio.

    Its arrays may not be written to. A damaged file fails in many ways; callers take every error for that.
    """
    import xml.etree.ElementTree as ET

    import meshio

    head, mark, body = file.read_bytes().partition(BODY)
    if not mark:
        return meshio.vtu.read(str(file))
    root = ET.fromstring(head + b"</VTKFile>")  # noqa: S314 - expat bounds the entities that a file may define
    packer, found = root.attrib["compressor"], {}
    for part in ("PointData", "CellData", "Points", "Cells"):
        for entry in root.iterfind(f"UnstructuredGrid/Piece/{part}/DataArray"):
            name, start = entry.attrib["Name"], int(entry.attrib["offset"])
            sizes = np.frombuffer(body, "<u4", 3 + int.from_bytes(body[start : start + 4], "little"), start)[3:]
            packed = body[start : start + 12 + 4 * len(sizes) + int(sizes.sum())]
            unpack = _values if part == "PointData" or name not in ("Points", "connectivity", "types", "material") else _kept
            values = unpack(packed, packer, entry.attrib["type"])
            found[part, name] = (
                values.reshape(-1, int(entry.attrib["NumberOfComponents"])) if "NumberOfComponents" in entry.attrib else values
            )
    (number,) = set(found["Cells", "types"].tolist())
    kind = next(kind for kind, code in TYPES.items() if code == number)
    cells = found["Cells", "connectivity"].reshape(len(found["Cells", "types"]), -1).astype(np.int64)
    return meshio.Mesh(
        found["Points", "Points"],
        [(kind, cells)],
        point_data={name: values for (part, name), values in found.items() if part == "PointData"},
        cell_data={name: [values] for (part, name), values in found.items() if part == "CellData"},
        field_data={e.attrib["Name"]: np.array([float(e.text or "nan")]) for e in root.iterfind("UnstructuredGrid/FieldData/DataArray")},
    )


def _values(packed: bytes, packer: str, word: str) -> NDArray[Any]:
    """The numbers of a packed array."""
    n_blocks = int.from_bytes(packed[:4], "little")
    sizes = np.frombuffer(packed, "<u4", n_blocks, 12)
    ends = itertools.accumulate(sizes.tolist(), initial=12 + 4 * n_blocks)
    unpack = zlib.decompress if packer == ZLIB else lzma.decompress
    raw = b"".join(unpack(packed[start:end]) for start, end in itertools.pairwise(ends))
    return np.frombuffer(raw, f"<{next(code for code, known in WORDS.items() if known == word)}")


@lru_cache(maxsize=MESHES)
def _kept(packed: bytes, packer: str, word: str) -> NDArray[Any]:
    return _values(packed, packer, word)
