"""The temperature that every node of a mesh starts at."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from thermo.base.arrays import Floats, Integers
from thermo.bodies.meshed import Along, Meshed, Stored
from thermo.heat.discretised import Shape
from thermo.materials.integral import Integral
from thermo.materials.storage import storage_of, temperatures
from thermo.results.fields import stored_field


class Starting(Protocol):
    """What the start of a mesh follows from."""

    block: Meshed
    shape: Shape
    regions: dict[str, Integers]
    volumes: Floats
    laws: list[Integral]


def nodal_start(body: Starting, density: Floats, consistent: bool) -> Floats:
    """The temperature of every node at time zero [K]; one between regions takes that at which it holds what they held there."""
    given = body.block.temperature
    points = body.shape.space.points
    if isinstance(given, Along):
        places: Floats = points[:, body.block.letters().index(given.letter)]
        return np.interp(places, np.array(given.position, float), np.array(given.value, float))  # type: ignore[no-any-return]
    if not isinstance(given, dict | Stored) or (isinstance(given, dict) and len(set(given.values())) == 1):
        return np.full(len(points), body.block.start_of(next(iter(body.regions))))
    share = density * body.shape.space.cell_volumes()
    values, around = np.zeros((len(points), len(body.regions))), np.zeros((len(points), len(body.regions)))
    for m, (name, cells) in enumerate(body.regions.items()):
        nodes = body.shape.space.cells[cells]
        np.add.at(around[:, m], nodes, np.broadcast_to(share[cells, None], nodes.shape))
        inside = np.unique(nodes)
        values[inside, m] = stored_field(given.folder, points[inside], name) if isinstance(given, Stored) else body.block.start_of(name)
    first = np.argmax(around > 0.0, axis=1)
    start: Floats = np.take_along_axis(values, first[:, None], axis=1)[:, 0]
    mixed = np.flatnonzero(np.any((around > 0.0) & (values != start[:, None]), axis=1))
    held = (body.volumes * [law.right[0] for law in body.laws])[mixed]
    if consistent:
        alone = (np.where(np.isin(np.arange(len(density)), cells), density, 0.0) for cells in body.regions.values())
        held = np.stack([np.asarray(body.shape.space.mass(part).sum(axis=1)).ravel()[mixed] for part in alone], axis=1)
    lumped = np.all(held >= 0.0, axis=1) & (held.sum(axis=1) > 1e-9 * around[mixed].sum(axis=1))
    weight = np.where(lumped[:, None], held, around[mixed])
    start[mixed] = np.sum(weight * values[mixed], axis=1) / weight.sum(axis=1)
    if lumped.any() and not lumped.all():
        # vertices of quadratic simplices hold nothing to speak of; what they leave open the others take
        left = float(np.sum(held * (values[mixed] - start[mixed, None])))
        start[mixed[lumped]] += left / float(held[lumped].sum())
    if any(len(law.temperature) > 1 for law in body.laws):  # what they held, they hold
        part = mixed[lumped]
        heat = sum(body.volumes[part, m] * law.at(values[part, m]) for m, law in enumerate(body.laws))
        start[part] = temperatures(storage_of(body.volumes[part], body.laws), heat, start[part])
    return start
