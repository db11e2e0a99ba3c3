"""Tensor meshes of layered blocks: grading, named parts, volumes, mirrors."""

import numpy as np
import pytest

from meshes.block import box_grid, box_mesh, face_weights, graded, halved, mirrored

LAYERS = {"lower": 0.5, "film": 7.0, "upper": 0.5}
PATCH = {"spot": ("top", (5.0, 5.0), (1.0, 1.0))}


def grid(**changes):
    options = {"smallest": 0.02, "interface": 0.1, "growth": 2.0, "largest": 2.5} | changes
    return box_grid((10.0, 10.0), list(LAYERS.values()), list(PATCH.values()), **options)


def corner_volumes(box):
    """Volume of each hexahedron of a tensor mesh from two opposite corners."""
    return np.prod(box.points[box.cells[:, 6]] - box.points[box.cells[:, 0]], axis=1)


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
    made = grid()
    box = box_mesh(made, LAYERS, PATCH)
    volumes = corner_volumes(box)
    assert np.all(volumes > 0.0)
    for name, thickness in LAYERS.items():
        assert volumes[box.regions[name]].sum() == pytest.approx(100.0 * thickness, rel=1e-12)
    assert sum(len(cells) for cells in box.regions.values()) == len(box.cells)


@pytest.mark.parametrize(
    ("name", "axis", "value", "area"),
    [("top", 2, 8.0, 100.0), ("bottom", 2, 0.0, 100.0), ("left", 0, 0.0, 80.0), ("back", 1, 10.0, 80.0), ("spot", 2, 8.0, 1.0)],
)
def test_faces_lie_where_they_should_and_have_their_area(name, axis, value, area):
    box = box_mesh(grid(), LAYERS, PATCH)
    assert box.points[box.faces[name], axis] == pytest.approx(value)
    assert face_weights(grid(), 1, list(LAYERS), PATCH)[name].sum() == pytest.approx(area)
    assert len(face_weights(grid(), 1, list(LAYERS), PATCH)[name]) == len(box.faces[name])


def test_interfaces_are_named_after_the_layers_they_part():
    box = box_mesh(grid(), LAYERS, PATCH)
    assert box.points[box.faces["lower|film"], 2] == pytest.approx(0.5)
    assert box.points[box.faces["film|upper"], 2] == pytest.approx(7.5)


def test_a_quarter_unfolds_to_the_whole_body():
    quarter = grid(mirror=(True, True))
    whole, index = mirrored(quarter)
    points = box_mesh(quarter, LAYERS, PATCH).points[index]
    full = box_mesh(whole, LAYERS, PATCH).points
    assert full[:, 0].max() == pytest.approx(10.0)
    assert np.minimum(full[:, :2], 10.0 - full[:, :2]) == pytest.approx(points[:, :2], abs=1e-12)
    assert full[:, 2] == pytest.approx(points[:, 2])


def test_a_patch_that_ends_within_rounding_of_a_side_makes_no_sliver():
    patch = {"spot": ("top", (9.5 - 4e-8, 5.0), (1.0, 1.0))}
    made = box_grid((10.0, 10.0), [8.0], list(patch.values()), smallest=0.02, interface=0.1, growth=2.0, largest=2.5)
    assert np.diff(made.x).min() > 1e-3
    box = box_mesh(made, {"all": 8.0}, patch)
    assert box.points[box.faces["spot"], 0].max() == pytest.approx(10.0)
