"""Regions that are drawn apart: how far each moves, and which ones open in halves around what lies in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from viz.read import Floats

if TYPE_CHECKING:
    import pyvista

TOUCHING = 1e-6  # of the body: a box may stand out by so much and still lie within another


class Part(NamedTuple):
    """A region, or the half of it below or above `place` on an axis, and how far it moves."""

    number: int
    by: Floats
    axis: int | None = None
    place: float = 0.0
    above: bool = False

    def of(self, mesh: pyvista.DataSet) -> pyvista.DataSet:
        """What this part has of a mesh of its region, not moved yet."""
        if self.axis is None or not mesh.n_cells:
            return mesh
        origin = np.zeros(3)
        origin[self.axis] = self.place
        return mesh.clip("xyz"[self.axis], origin=origin, invert=not self.above)


def parts_of(whole: pyvista.UnstructuredGrid, share: float) -> list[Part]:
    """Each region moved away from the middle of the body by a share of its distance from it.

    A region whose box holds those of others would hide them: it opens in two halves, front and back or left and right, which leave what is
    in it and stand off by the same share of its width. What lies in it may hold others in turn.
    """
    material = np.asarray(whole.cell_data["material"])
    corners = {int(n): whole.extract_cells(np.flatnonzero(material == n)).bounds for n in np.unique(material)}
    boxes = {n: (np.array(b[::2]), np.array(b[1::2])) for n, b in corners.items()}
    centres = whole.cell_centers().points
    places = {n: centres[material == n].mean(axis=0) for n in boxes}
    middle = np.mean(list(places.values()), axis=0)
    near = TOUCHING * float(np.max(np.ptp(whole.points, axis=0)))
    found: list[Part] = []
    moved: dict[int, tuple[Floats, Floats]] = {}  # where each region is drawn
    for n in sorted(boxes, key=lambda n: float(np.prod(boxes[n][1] - boxes[n][0]))):  # what lies in another comes before it
        by = share * (places[n] - middle)
        low, high = boxes[n]
        inner = [moved[m] for m in moved if _within(boxes[m], boxes[n], near)]
        if not inner:
            found.append(Part(n, by))
            moved[n] = (low + by, high + by)
            continue
        first, last = np.min([ends[0] for ends in inner], axis=0), np.max([ends[1] for ends in inner], axis=0)
        axis = 0 if last[0] - first[0] <= last[1] - first[1] + near else 1
        place, room = float(0.5 * (low[axis] + high[axis])), float(0.5 * share * (high[axis] - low[axis]))
        below, above = by.copy(), by.copy()
        below[axis], above[axis] = first[axis] - room - place, last[axis] + room - place
        found += [Part(n, below, axis, place, False), Part(n, above, axis, place, True)]
        moved[n] = (np.minimum(low + below, first), np.maximum(high + above, last))
    return found


def _within(inner: tuple[Floats, Floats], outer: tuple[Floats, Floats], near: float) -> bool:
    """Whether a box lies in another, which is larger."""
    larger = float(np.prod(outer[1] - outer[0])) > (1.0 + TOUCHING) * float(np.prod(inner[1] - inner[0]))
    return larger and bool(np.all(inner[0] >= outer[0] - near) and np.all(inner[1] <= outer[1] + near))
