"""Mistakes between what reacts in a case and its body, its programme, its elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.base.errors import Mistake, shortened
from thermo.bodies.meshed import Stored
from thermo.casefile.reader import Document, Key
from thermo.chemistry.vent import vent_problems
from thermo.materials.properties import value_at
from thermo.results.fields import has_reacted


def chemistry_mistakes(document: Document, case: Any) -> list[Mistake]:
    """Where materials react: in a body that has them, over time, on elements whose heat capacity stands at the nodes."""
    own = [name for name, material in case.materials.items() if material.chemistry is not None]
    found: list[tuple[Key, str]] = []
    used = {name for name, _ in case.body.written()} if case.body is not None else set()
    unused = "no region has this material"
    if case.body is None:
        unused = "the sample is a cell of one temperature, whose chemistry stands in 'sample'"
    found += [(("materials", name, "chemistry"), f"nothing of {shortened(name)!r} reacts: {unused}") for name in own if name not in used]
    if case.reacting and case.programme.steady and not case.programme.stability:
        text = "a body that reacts has no steady state that this programme could find; use 'stability', or 'surroundings' with an end"
        found.append((("programme", "kind"), text))
    if case.body is not None and not case.reacting and case.programme.stability:
        text = "nothing reacts in this body, so there is no heat that could make it unstable; give a material a 'chemistry'"
        found.append((("programme", "kind"), text))
    if case.reacting and case.numerics.capacity == "consistent":
        text = f"{shortened(case.reacting[0])!r} reacts node by node, which needs a lumped heat capacity; leave 'capacity' out"
        found.append((("numerics", "capacity"), text))
    if case.reacting and case.body is not None and not case.body.lumps:
        text = f"{shortened(case.reacting[0])!r} reacts node by node, and these elements of order 2 cannot be lumped; use order: 1"
        found.append((("sample", "mesh"), text))
    found += [(("materials", name, "short"), text) for name in case.reacting for text in _unequal_cells(case, name)]
    found += [(("materials", name, "short"), text) for name in case.reacting for text in _images(case, name)]
    found += [(("materials", name, "short", "place"), text) for name in case.reacting for text in _no_place(case, name)]
    for name in case.reacting:
        material = case.everything[name]
        density = float(value_at(case.material(name).density, REFERENCE_TEMPERATURE))
        at = ("materials", name) if name in case.materials else ("sample", name)
        found += [((*at, *key), text) for key, text in vent_problems(material.vent, material.mechanism(), 1.0, density)]
    reactions = [f"{name}_{reaction}" for name in case.reacting for reaction in [*case.everything[name].mechanism().reactions, "short"]]
    for face, condition in case.programme.terms():
        if condition.beside and condition.name in reactions:
            text = f"{shortened(condition.name)!r} has the name of the heat of a reaction; give the body another name"
            found.append((("programme", "faces", face), text))
    start = case.body.temperature if case.body is not None else None
    if case.reacting and isinstance(start, Stored) and has_reacted(start.folder):
        text = f"something has reacted in {start.folder}, and a field holds temperatures alone; start from a run without chemistry"
        found.append((("sample", "temperature", "result"), text))
    return [document.mistake(key, text) for key, text in found]


def _unequal_cells(case: Any, name: str) -> list[str]:
    """That regions of a material with a short, each of which is a cell, differ in volume."""
    short = case.everything[name].short
    if short is None or short.place is not None:
        return []
    from thermo.heat.elements import Space

    mesh = case.body.coarse()
    volumes = Space(mesh, 1, axisymmetric=case.body.axisymmetric).cell_volumes()
    sizes = {region: float(volumes[mesh.regions[region]].sum()) for region, (own, _) in case.body.materials().items() if own == name}
    least, most = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    if sizes[most] <= (1.0 + ALIKE) * sizes[least]:
        return []
    text = f"each region of {shortened(name)!r} is a cell with this charge, but {shortened(least)!r} is smaller than {shortened(most)!r}; "
    return [text + "give them materials of their own"]


def _images(case: Any, name: str) -> list[str]:
    """That a region that is shorted evenly does not reach a mirror."""
    short = case.everything[name].short
    if short is None or short.place is not None:
        return []
    return _image(case, [region for region, (own, _) in case.body.materials().items() if own == name])


def _image(case: Any, regions: list[str]) -> list[str]:
    """That one of these shorted regions does not reach a mirror: its image is another cell, and one charge would serve both."""
    sides = getattr(case.body, "symmetry", ())
    mesh = case.body.coarse()
    for region in regions:
        for side in sides:
            if not np.isin(mesh.faces[side], mesh.cells[mesh.regions[region]]).all(axis=1).any():
                text = f"{shortened(region)!r} does not reach the mirror at '{side}', so that its image is another cell, and the charge is "
                return [text + "that of a region with its image; leave out the symmetry, or the short there"]
    return []


def _no_place(case: Any, name: str) -> list[str]:
    """That the place of the short of a material lies in no region of it."""
    short, body = case.everything[name].short, case.body
    if short is None or short.place is None:
        return []
    middle = short.place.part.middle()
    if len(middle) != body.dimension:
        return [f"needs {body.dimension} coordinates, found {len(middle)}"]
    shape = body.shape(case.named_faces(), [face for face, condition in case.terms() if condition.parts])
    region, own = shape.region_at(middle), [region for region, (material, _) in body.materials().items() if material == name]
    if region in own:
        taken = f"{region}-short" in case.measure.probes
        return (
            [f"has a probe of its own, '{region}-short', and the case has one of that name; give yours another"]
            if taken
            else (_image(case, [region]))
        )
    where = "outside the body" if region is None else f"in {shortened(region)!r}, which is of another material"
    return [f"its middle lies {where}; the cells of {shortened(name)!r} are " + ", ".join(repr(shortened(n)) for n in own[:8])]


ALIKE = 1e-3  # of the volume: cells that differ by less are of one size
