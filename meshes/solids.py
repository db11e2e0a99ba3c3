"""Bodies of cylinders, spheres and boxes, meshed with tetrahedra by Gmsh in a process of its own.

Gmsh is the extra `mesh`; nothing else of the package imports it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

LIBRARIES = "libglu1-mesa libgl1 libxrender1 libxcursor1 libxft2 libxinerama1 libgomp1"  # that Gmsh loads and a bare Debian lacks
LONGEST = 600.0  # s that a body may take


class Solid(NamedTuple):
    """A `box` between two corners, a `cylinder` between the middles of its ends, a `sphere` about its `start`; lengths in m."""

    kind: str
    start: tuple[float, ...]
    end: tuple[float, ...]
    radius: float


class SolidsError(ValueError):
    """Gmsh cannot be used, or makes no mesh of the body; the text says what."""


def solids_mesh(
    target: Path, regions: Mapping[str, Sequence[Solid]], patches: Mapping[str, tuple[Sequence[float], Sequence[float]]], size: float
) -> dict[str, float]:
    """Make the .msh file of a body; the exact volume of each region [m3].

    Of regions later ones count where they overlap; faces of the outside that lie within the box of a patch are that patch. Raises
    SolidsError.
    """
    told = json.dumps({"regions": regions, "patches": patches, "size": size})
    # -P: no module is taken from the folder of the case
    command = [sys.executable, "-P", __file__, str(target)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 our own program
            command, input=told, capture_output=True, text=True, timeout=LONGEST, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise SolidsError(f"Gmsh took longer than {LONGEST:.0f} s to mesh the body; give a larger `size`") from None
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]
    said = done.stderr.strip().splitlines()
    if done.returncode == 3:
        raise SolidsError(said[-1])
    raise SolidsError(f"Gmsh stopped (code {done.returncode})" + (f": {said[-1]}" if said else ""))


def _refused(text: str) -> None:
    print(text, file=sys.stderr)
    raise SystemExit(3)


def _make(told: dict[str, Any], target: str) -> None:
    """In the process of its own."""
    try:
        import gmsh
    except (ImportError, OSError) as error:
        missing = isinstance(error, ImportError) and ".so" not in str(error)
        cure = "pip install 'thermorun[mesh]'" if missing else f"on Debian, apt-get install {LIBRARIES}"
        _refused(f"this body is meshed by Gmsh, which cannot be loaded ({error}): {cure}")
    gmsh.initialize(interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.option.setNumber("General.NumThreads", 1)
    # lengths in units of the size, since tolerances of the geometry are lengths
    size, settings = told["size"], {"MeshSizeMax": 1.0, "MeshSizeFromCurvature": 12, "MshFileVersion": 4.1}
    for name, value in settings.items():
        gmsh.option.setNumber(f"Mesh.{name}", value)
    scale = 1.0 / size
    occ, owner = gmsh.model.occ, []
    for region, solids in told["regions"].items():
        for kind, start, end, radius in solids:
            a, b = [scale * v for v in start], [scale * v for v in end]
            along = [q - p for p, q in zip(a, b, strict=True)]
            if kind == "sphere":
                tag = occ.addSphere(*a, scale * radius)
            elif kind == "cylinder":
                tag = occ.addCylinder(*a, *along, scale * radius)
            else:
                tag = occ.addBox(*a, *along)
            owner.append((region, (3, tag)))
    pieces = [[entity] for _, entity in owner]
    if len(owner) > 1:
        _, pieces = occ.fragment([owner[0][1]], [entity for _, entity in owner[1:]])
    occ.synchronize()
    of: dict[tuple[int, int], str] = {}
    for (region, _), parts in zip(owner, pieces, strict=True):
        of.update(dict.fromkeys(parts, region))  # later ones count
    volumes = {}
    for number, region in enumerate(told["regions"], 1):
        tags = [tag for (_, tag), name in of.items() if name == region]
        if not tags:
            _refused(f"the region '{region}' is completely covered by later ones")
        gmsh.model.addPhysicalGroup(3, tags, number, name=region)
        volumes[region] = size**3 * sum(occ.getMass(3, tag) for tag in tags)
    outer = {abs(tag) for _, tag in gmsh.model.getBoundary(list(of), combined=True, oriented=False)}
    for number, (patch, (low, high)) in enumerate(told["patches"].items(), len(told["regions"]) + 1):
        slack = 1e-3
        ends = [scale * v - slack for v in low], [scale * v + slack for v in high]
        tags = [tag for _, tag in gmsh.model.getEntitiesInBoundingBox(*ends[0], *ends[1], 2) if tag in outer]
        if not tags:
            _refused(f"no face of the body lies completely within the patch '{patch}'")
        gmsh.model.addPhysicalGroup(2, tags, number, name=patch)
    try:
        gmsh.model.mesh.generate(3)
    except Exception as error:
        hint = "; the planes that replace round faces may intersect: try a smaller `size`" if "PLC" in str(error) else ""
        _refused(f"Gmsh cannot mesh it: {error}{hint}")
    gmsh.model.mesh.affineTransform([size, 0, 0, 0, 0, size, 0, 0, 0, 0, size, 0])
    gmsh.write(target)
    gmsh.finalize()
    print(json.dumps(volumes))


if __name__ == "__main__":
    _make(json.load(sys.stdin), sys.argv[1])
