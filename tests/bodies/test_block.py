"""Tensor meshes of layered blocks: grading, named parts, volumes, mirrors."""

import numpy as np
import pytest

from meshes.block import box_grid, graded, halved, mirrored
from meshes.boxes import tensor_cells
from tests.conftest import case_from

LAYERS = {"lower": 0.5, "film": 7.0, "upper": 0.5}
PATCH = {"spot": ("top", (5.0, 5.0), (1.0, 1.0))}


def grid(**changes):
    options = {"smallest": 0.02, "interface": 0.1, "growth": 2.0, "largest": 2.5} | changes
    return box_grid((10.0, 10.0), list(LAYERS.values()), list(PATCH.values()), **options)


BLOCK = """
title: block
materials: {{m: {{density: 1000 kg/m3, heat_capacity: 1000 J/(kg K), thermal_conductivity: 1 W/(m K)}}}}
sample:
  kind: layered-block
  size: [10 mm, 10 mm]
  layers: [{layers}]
  patches: {{spot: {{face: top, square: 1 mm, centre: [{x} mm, 5 mm]}}}}
  temperature: 300 K
  mesh: {{order: 1, smallest: 0.02 mm, interface: 0.1 mm, growth: 2, largest: 2.5 mm}}
programme: {{kind: surroundings, faces: {{spot: [{{kind: held, temperature: 400 K}}]}}, end: 1 s}}
"""


def shape(x="5", layers=LAYERS):
    """The whole block on its mesh: named sides leave no symmetry."""
    text = ", ".join(f"{{name: {name}, material: m, thickness: {thickness} mm}}" for name, thickness in layers.items())
    return case_from(BLOCK.format(x=x, layers=text)).sample.shape(dict.fromkeys(("left", "front", "spot"), np.inf), [])


def test_a_graded_line_keeps_its_breaks_and_its_sizes():
    points = graded([0.0, 1.0, 10.0], {1.0: 0.01}, 2.0, 3.0)
    widths = np.diff(points)
    assert points[0] == 0.0
    assert points[-1] == 10.0
    assert np.any(np.isclose(points, 1.0))
    assert widths.min() == pytest.approx(0.01, rel=0.35)
    ratios = widths[1:] / widths[:-1]
    assert max(ratios.max(), (1 / ratios).max()) < 2.3
    assert widths.max() < 3.0


def test_halving_keeps_every_point():
    points = graded([0.0, 1.0], {0.0: 0.1}, 1.5, 0.4)
    fine = halved(points)
    assert fine[::2] == pytest.approx(points)
    assert len(fine) == 2 * len(points) - 1


def test_cells_are_smallest_at_the_patch_edge_in_x_y_and_z():
    made = grid()
    for points, place in ((made.x, 4.5), (made.x, 5.5), (made.y, 4.5), (made.z, 8.0)):
        at = int(np.argmin(np.abs(points - place)))
        beside = np.diff(points)[max(at - 1, 0) : at + 1]
        assert beside.min() == pytest.approx(0.02, rel=0.4)


def test_layers_fill_the_block_exactly():
    made = shape()
    assert made.multiplicity == 1.0
    for name, thickness in LAYERS.items():
        assert made.region(name).sum() == pytest.approx(100e-9 * thickness, rel=1e-12)
    assert np.all(made.space.volumes_at(slice(None)) > 0.0)
    assert sum(len(cells) for cells in made.mesh.regions.values()) == len(made.mesh.cells)


@pytest.mark.parametrize(
    ("name", "axis", "value", "area"),
    [("top", 2, 8.0, 100.0), ("bottom", 2, 0.0, 100.0), ("left", 0, 0.0, 80.0), ("back", 1, 10.0, 80.0), ("spot", 2, 8.0, 1.0)],
)
def test_faces_lie_where_they_should_and_have_their_area(name, axis, value, area):
    made = shape()
    nodes, share = made.face(name)
    assert made.space.points[nodes, axis] == pytest.approx(1e-3 * value)
    assert share.sum() == pytest.approx(1e-6 * area)
    assert len(share) == len(nodes)


def test_interfaces_are_named_after_the_layers_they_part():
    made = shape()
    for name, level in (("lower|film", 0.5e-3), ("film|upper", 7.5e-3)):
        assert made.space.points[made.face(name)[0], 2] == pytest.approx(level)


def test_a_quarter_unfolds_to_the_whole_body():
    quarter = grid(mirror=(True, True))
    whole, index = mirrored(quarter)
    points = tensor_cells(quarter[:3])[0][index]
    full, _ = tensor_cells(whole[:3])
    assert full[:, 0].max() == pytest.approx(10.0)
    assert np.minimum(full[:, :2], 10.0 - full[:, :2]) == pytest.approx(points[:, :2], abs=1e-12)
    assert full[:, 2] == pytest.approx(points[:, 2])


def test_a_patch_that_ends_within_rounding_of_a_side_makes_no_sliver():
    patch = {"spot": ("top", (9.5 - 4e-8, 5.0), (1.0, 1.0))}
    made = box_grid((10.0, 10.0), [8.0], list(patch.values()), smallest=0.02, interface=0.1, growth=2.0, largest=2.5)
    assert np.diff(made.x).min() > 1e-3
    body = shape(x="9.49999996", layers={"all": 8.0})
    assert body.space.points[body.face("spot")[0], 0].max() == pytest.approx(10e-3)
