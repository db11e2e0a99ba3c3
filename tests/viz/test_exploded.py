"""Regions drawn apart: a region around others opens in halves, and nothing of what was apart in the body is together on the picture."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from viz.exploded import parts_of


def cubes(region_of: Any, n: int = 12) -> Any:
    """A box of n x n x n cells of 1 mm, each in the region that its middle has."""
    import pyvista

    grid = pyvista.ImageData(dimensions=(n + 1,) * 3, spacing=(1e-3,) * 3).cast_to_unstructured_grid()
    x, y, z = (np.round(1e3 * column - 0.5) for column in grid.cell_centers().points.T)
    grid.cell_data["material"] = np.asarray(region_of(x, y, z), int)
    return grid


def drawn(whole: Any, share: float) -> list[Any]:
    """The parts where they are drawn."""
    material = whole.cell_data["material"]
    return [part.of(whole.extract_cells(np.flatnonzero(material == part.number))).translate(part.by) for part in parts_of(whole, share)]


def meet(a: Any, b: Any) -> bool:
    """Whether the boxes around two meshes overlap."""
    low, high = (np.array(m.bounds) for m in (a, b))
    return bool(np.all(low[::2] < high[1::2] - 1e-9) and np.all(high[::2] < low[1::2] - 1e-9))


def test_regions_side_by_side_move_away_from_the_middle(share: float = 0.5):
    whole = cubes(lambda x, y, z: x // 4)
    parts = parts_of(whole, share)
    assert [part.axis for part in parts] == [None] * 3
    assert {part.number: part.by[0] for part in parts} == pytest.approx({0: -2e-3, 1: 0.0, 2: 2e-3})


@pytest.mark.parametrize("share", [0.1, 0.5, 2.0])
def test_a_shell_opens_around_its_core(share: float):
    """Core in a roll in a can: five pieces, none in another; the halves together are the whole region."""
    whole = cubes(lambda x, y, z: (np.maximum(abs(x - 5.5), abs(y - 5.5)) > 2).astype(int) + (np.maximum(abs(x - 5.5), abs(y - 5.5)) > 4))
    pieces, parts = drawn(whole, share), parts_of(whole, share)
    assert sorted(part.number for part in parts) == [0, 1, 1, 2, 2]
    assert not any(meet(a, b) for a, b in itertools.combinations(pieces, 2))
    for number in range(3):
        volume = sum(piece.volume for piece, part in zip(pieces, parts, strict=True) if part.number == number)
        assert volume == pytest.approx(1e-9 * np.count_nonzero(whole.cell_data["material"] == number))


def test_filler_opens_across_the_row_that_is_in_it():
    """Two cells along x in a filler: its halves go along y, and the cells away from each other along x."""
    whole = cubes(lambda x, y, z: np.where((y > 3) & (y < 8) & (x % 6 > 0) & (x % 6 < 5), x // 6, 2))
    parts = sorted(parts_of(whole, 0.5), key=lambda part: part.number)
    assert [(part.number, part.axis) for part in parts] == [(0, None), (1, None), (2, 1), (2, 1)]
    assert parts[0].by[0] < 0.0 < parts[1].by[0]
    assert not any(meet(a, b) for a, b in itertools.combinations(drawn(whole, 0.5), 2))
