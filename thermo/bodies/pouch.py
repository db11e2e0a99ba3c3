"""A pouch cell: collectors, coatings and separators between two sheets of laminate, layer by layer or homogenised."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from thermo.base.constants import REFERENCE_TEMPERATURE
from thermo.bodies.meshed import Length
from thermo.bodies.stack import MOST_LAYERS, Layered, Placed
from thermo.casefile.models import Frozen, misplaced
from thermo.casefile.reader import Key
from thermo.chemistry.mixture import Part, mixture, mixture_problem
from thermo.chemistry.reacts import ReactingMaterial, ReactsByVolume
from thermo.materials.homogenised import Effective, Layer, effective, homogenised, latent, layer_problem
from thermo.materials.material import Material
from thermo.materials.properties import across_x, value_at

CORE = "core"  # the region that homogenised layers make, and the material that is made of them
BESIDE = 30.0  # cells along each side of a pouch in space, by default
OTHER = {"negative": "positive", "positive": "negative"}


class Sheet(Frozen):
    """One layer: its material and its thickness."""

    material: str
    thickness: Length


class Electrode(Frozen):
    """A collector, and the coating on each of its coated sides."""

    collector: Sheet
    coating: Sheet


class Core(ReactsByVolume):
    """What reacts in homogenised layers, per m3 of all of them, in place of what their materials say."""


class Pouch(Layered):
    """A pouch cell of `pairs` electrode pairs along x, from the left, between two sheets of `laminate`.

    A pair is a negative coating, a separator and a positive coating. The collectors alternate, `pairs` + 1 of them, the first one of the
    electrode `first`: collector, coating, separator, coating, collector, and so on. Each is coated on both sides, the two at the ends on
    the inner side alone unless there are `outer_coatings`. An even number of pairs has the same electrode at both ends.

    With `one-by-one` every layer is a region: `negative-coating-1`, `separator-1`, ... numbered from the left. With `homogenised` all of
    them between the sheets of laminate are the one region `core`. Its conductivities are exact for heat that goes through all layers and
    for heat that goes along them. A coating's chemistry goes on there, and each m3 of the core has its share of the coating's heat.

    By default cells are at most 1/400 of the thickness on a line, and in space 1/60 of it and 1/30 of the length and the width.
    """

    kind: Literal["pouch"]
    pairs: Annotated[int, Field(strict=True, ge=1, le=MOST_LAYERS)]
    negative: Electrode
    positive: Electrode
    separator: Sheet
    laminate: Sheet | None = None
    first: Literal["negative", "positive"] = "negative"
    outer_coatings: Annotated[bool, Field(strict=True)] = False
    layers: Literal["one-by-one", "homogenised"] = "one-by-one"
    core: Core | None = None

    @model_validator(mode="after")
    def _fits(self) -> Pouch:
        problems = self.line_problems("length and its width")
        if self.core is not None and not self.mixed:
            text = "is what reacts in homogenised layers; one by one, each layer has the chemistry of its material"
            problems.append((("core",), text))
        problems = problems or self.start_problems()
        if problems:
            raise misplaced(problems)
        return self

    @property
    def mixed(self) -> bool:
        """Whether its layers are homogenised."""
        return self.layers == "homogenised"

    def _between(self) -> Iterator[tuple[str, Sheet, Key]]:
        """What lies between the sheets of laminate, from the left: what each layer is called, without its number, and its key."""
        kinds = [self.first if k % 2 == 0 else OTHER[self.first] for k in range(self.pairs + 1)]
        for k, kind in enumerate(kinds):
            electrode: Electrode = getattr(self, kind)
            coated = (f"{kind}-coating", electrode.coating, (kind, "coating"))
            if k > 0 or self.outer_coatings:
                yield coated
            yield f"{kind}-collector", electrode.collector, (kind, "collector")
            if k < self.pairs or self.outer_coatings:
                yield coated
            if k < self.pairs:
                yield "separator", self.separator, ("separator",)

    @functools.cached_property
    def inner(self) -> list[Placed]:
        """The layers between the sheets of laminate from left to right."""
        return _numbered(self._between())

    @functools.cached_property
    def parts(self) -> list[Placed]:  # type: ignore[override]
        """Its regions from left to right."""
        inner = [Placed(CORE, CORE, sum(part.thickness for part in self.inner), ("layers",))] if self.mixed else self.inner
        if self.laminate is None:
            return inner
        one, other = _numbered([("laminate", self.laminate, ("laminate",))] * 2)
        return [one, *inner, other]

    def written(self) -> list[tuple[str, Key]]:
        """Every material that it names, and where."""
        sheets = {key: sheet for _, sheet, key in self._between()}
        sheets |= {("laminate",): self.laminate} if self.laminate is not None else {}
        return [(sheet.material, (*key, "material")) for key, sheet in sheets.items()]

    def _by_material(self) -> dict[str, float]:
        """The thickness [m] that each material has between the sheets of laminate."""
        found: dict[str, float] = {}
        for part in self.inner:
            found[part.material] = found.get(part.material, 0.0) + part.thickness
        return found

    def consists(self, region: str) -> list[str]:
        """The materials that a region is made of."""
        return list(self._by_material()) if self.mixed and region == CORE else super().consists(region)

    def mixing_problems(self, materials: Mapping[str, ReactingMaterial]) -> list[tuple[Key, str]]:
        """Why its layers cannot be homogenised; of materials that the case does not have nothing is said."""
        if not self.mixed:
            return []
        problems: list[tuple[Key, str]] = []
        if CORE in materials:
            problems.append((("layers",), f"the material of homogenised layers is called {CORE!r}: give that of the case another name"))
        keys = {name: key for name, key in reversed(self.written()) if key[0] != "laminate"}
        known = {name: materials[name] for name in self._by_material() if name in materials}
        for name, material in known.items():
            text = layer_problem(material.resolved())
            problems += [(keys[name], f"{name!r} cannot be homogenised: {text}; or use layers: one-by-one")] if text else []
            for word in ("short", "vent", "ejecta"):
                if getattr(material, word) is not None:
                    text = f"{name!r} has {word!r}, which is that of one layer; homogenised layers are one region: give it to sample.core"
                    problems.append((keys[name], text))
        melting = [name for name, material in known.items() if latent(material.resolved())]
        if len(melting) > 1:
            text = f"{' and '.join(map(repr, melting))} each have a heat of fusion over a range, and one material has one; use one-by-one"
            problems.append((("layers",), text))
        return problems + self._chemistry_problems(known)

    def _chemistry_problems(self, known: Mapping[str, ReactingMaterial]) -> list[tuple[Key, str]]:
        reacting = {name: text for name, material in known.items() if (text := material.mechanism()) is not None}
        if self.core is not None and self.core.chemistry is not None:
            twice = "reacts as well: give the chemistry of homogenised layers either here or to the materials of the layers"
            return [(("core", "chemistry"), f"{name!r} {twice}") for name in reacting]
        problem = mixture_problem(reacting)
        cure = "use layers: one-by-one, or give sample.core a chemistry for all layers"
        return [(("layers",), f"{problem}; {cure}")] if problem else []

    def made(self, materials: Mapping[str, ReactingMaterial]) -> dict[str, ReactingMaterial]:
        """The material of its homogenised layers, where every material of them is there and nothing prevents it."""
        thickness = self._by_material()
        if not self.mixed or any(name not in materials for name in thickness) or self.mixing_problems(materials):
            return {}
        found = {name: materials[name].resolved() for name in thickness}
        if any(material.thermal_conductivity is None for material in found.values()):
            return {}
        whole = homogenised([Layer(thickness[name], material) for name, material in found.items()])
        own = self.core or Core()
        chemistry: Any = own.chemistry if own.chemistry is not None else self._mixture(materials, found, whole)
        fields = {name: getattr(whole, name) for name in Material.model_fields}
        fails = {name: getattr(own, name) for name in ("ejecta", "short", "vent")}
        made = ReactingMaterial.model_construct(**fields, chemistry=chemistry, changes=own.changes, **fails)
        return {CORE: made}

    def _mixture(self, materials: Mapping[str, ReactingMaterial], found: Mapping[str, Material], whole: Material) -> Any:
        """The mechanism of its layers, or None; shares of the mass are those at 25 degC."""
        thickness, parts = self._by_material(), dict[str, Part]()
        for name, material in found.items():
            text = materials[name].mechanism()
            if text is not None:
                share = thickness[name] / sum(thickness.values())
                rho = [1.0 if m.density is None else float(value_at(m.density, REFERENCE_TEMPERATURE)) for m in (material, whole)]
                parts[name] = Part(share, share * rho[0] / rho[1], text)
        return mixture(parts) if parts else None

    def derives(self) -> dict[str, tuple[str, ...]]:
        """The properties of what lies between its sheets of laminate."""
        return {CORE: Effective._fields}

    def effective(self, materials: Mapping[str, Material], temperature: float) -> dict[str, Effective | None]:
        """The same from the materials of its regions, at a temperature [K]; see `homogenised.effective`."""
        layers = [Layer(part.thickness, materials[part.name]) for part in self.parts if not part.name.startswith("laminate")]
        return {CORE: effective(layers, len(self.inner), temperature)}

    def placed(self, region: str, material: Material) -> Material:
        """A sheet in space lies across x."""
        if self.coordinates == "line":
            return material
        return material.model_copy(update={"thermal_conductivity": across_x(material.thermal_conductivity)})

    def widest_along(self) -> list[float | None]:
        """The largest cell along each axis [m]: a pouch is thin and wide."""
        if self.mesh.largest is not None or self.size is None or self.dimension == 1:
            return super().widest_along()
        return [self.widest(), *(float(side) / BESIDE for side in self.size)]

    def finest(self) -> float:
        """In space one cell through a thin layer has to do."""
        return 1.0 if self.coordinates == "space" else super().finest()


def _numbered(sheets: Iterator[tuple[str, Sheet, Key]] | list[tuple[str, Sheet, Key]]) -> list[Placed]:
    """Layers with their numbers, of each kind by itself."""
    count: dict[str, int] = {}
    made = []
    for name, sheet, key in sheets:
        count[name] = count.get(name, 0) + 1
        made.append(Placed(f"{name}-{count[name]}", sheet.material, float(sheet.thickness), key))
    return made
