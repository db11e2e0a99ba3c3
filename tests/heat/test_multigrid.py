"""The preconditioner: the compiled cycle against pyamg's own, symmetry, scale, and the entries between free nodes."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_matrix, diags_array, kron
from scipy.sparse.linalg import cg

from thermo.heat import multigrid
from thermo.heat.assembly import between

SIDE = 12


def conduction(stretch=1.0, consistent=False):
    """C + K on a grid of SIDE^3 nodes, cells stretched along z; with entries of either sign off the diagonal if `consistent`."""
    one, n = np.ones(SIDE), SIDE
    line = diags_array([-one[1:], 2.0 * one + 0.05, -one[1:]], offsets=[-1, 0, 1])
    mass = diags_array([one[1:] / 6, one * 2 / 3, one[1:] / 6], offsets=[-1, 0, 1]) if consistent else diags_array(one)
    matrix = kron(kron(line, mass), mass) + kron(kron(mass, line), mass) + stretch**2 * kron(kron(mass, mass), line)
    assert matrix.shape == (n**3, n**3)
    return csr_matrix(matrix)


@pytest.fixture(params=[(1.0, False), (30.0, False), (1.0, True)], ids=["cubes", "stretched", "either sign"])
def matrix(request):
    return conduction(*request.param)


@pytest.fixture
def both(matrix, monkeypatch):
    """pyamg's cycle and ours, through the same hierarchy."""
    theirs = multigrid.multigrid(matrix)
    monkeypatch.setattr(multigrid, "LARGE", 0)
    return theirs, multigrid.multigrid(matrix)


def test_the_cycle_is_pyamgs_in_single_precision(matrix, both):
    theirs, ours = both
    for seed in range(3):
        right = np.random.default_rng(seed).normal(size=matrix.shape[0])
        exact = theirs @ right
        assert ours @ right == pytest.approx(exact, abs=1e-5 * np.abs(exact).max())


def test_the_cycle_is_symmetric_and_positive(matrix, both):
    _, ours = both
    draw = np.random.default_rng(1)
    for _ in range(5):
        a, b = draw.normal(size=(2, matrix.shape[0]))
        assert a @ (ours @ b) == pytest.approx(b @ (ours @ a), rel=1e-4, abs=1e-6 * abs(a @ (ours @ a)))
        assert a @ (ours @ a) > 0.0


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_neither_the_size_of_the_matrix_nor_of_the_right_side_matters(matrix, both, size):
    """Heat capacities of a film are 1e-15 J/K, residuals far less: single precision alone would lose them."""
    right = np.random.default_rng(2).normal(size=matrix.shape[0])
    expected = both[1] @ right
    assert both[1] @ (size * right) == pytest.approx(size * expected, rel=1e-12)
    scaled = multigrid.multigrid(csr_matrix(matrix * 2.0**-60))
    assert 2.0**-60 * (scaled @ right) == pytest.approx(expected, rel=1e-3, abs=1e-6 * np.abs(expected).max())
    assert not np.any(both[1] @ np.zeros_like(right))


def test_conjugate_gradients_need_no_more_iterations(matrix, both):
    right, counts = np.random.default_rng(3).normal(size=matrix.shape[0]), []
    for operator in both:
        count = []
        found, info = cg(matrix, right, rtol=1e-9, atol=0.0, M=operator, callback=count.append)
        assert info == 0
        assert np.linalg.norm(right - matrix @ found) <= 2e-9 * np.linalg.norm(right)
        counts.append(len(count))
    assert counts[1] <= counts[0] + 1


def test_entries_between_free_nodes(matrix):
    free = np.random.default_rng(4).uniform(size=matrix.shape[0]) > 0.3
    matrix.sort_indices()
    places, columns, ends, diagonal = between(matrix, free)
    made = csr_matrix((matrix.data[places], columns, ends), shape=(int(free.sum()),) * 2)
    expected = matrix[free][:, free]
    assert np.array_equal(made.toarray(), expected.toarray())
    assert np.array_equal(made.data[diagonal], expected.diagonal())


def test_places_of_64_bits_are_not_read_as_two_of_32(matrix):
    """As matrices of other makings have them."""
    level = SimpleNamespace(A=matrix, P=matrix, R=matrix)
    narrow = multigrid._level(level)
    wide = matrix.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    level.A = wide
    for ours, theirs in zip(multigrid._level(level)[:5], narrow[:5], strict=True):
        assert np.array_equal(ours, theirs)
