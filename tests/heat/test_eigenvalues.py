"""Bodies that make heat, on chains of finite volumes: the eigenvalue, and the fold of Frank-Kamenetskii's problem with a film.

Where a source is linear in T the eigenvalue has a closed form, lambda = (k mu^2/L^2 - beta)/(rho c) whatever the constant part.
There mu tan mu = Bi of a slab, mu J1(mu) = Bi J0(mu) of a cylinder, 1 - mu cot mu = Bi of a sphere. The critical deltas of
theta'' + j theta'/x + delta e^theta = 0 with a film are by shooting from the centre at a tolerance of 1e-12, those of slab and cylinder
also by their closed forms, to 1e-11.
"""

import numpy as np
import pytest
from scipy.sparse import diags_array

from thermo.base.errors import SolveError
from thermo.heat.conduction import Conduction, edges_of
from thermo.heat.stability import SelfHeated, critical, lowest_mode, stationary

SLAB, CYLINDER, SPHERE = 0, 1, 2
FIXED = np.inf  # a Biot number of a wall that is held
MU2 = {  # Bi: mu^2 of slab, cylinder, sphere
    FIXED: (2.4674011003, 5.7831859629, 9.8696044011),
    100.0: (2.4187874121, 5.6686927312, 9.6732628837),
    10.0: (2.0416695089, 4.7502054149, 8.0445998986),
    1.0: (0.7401738844, 1.5769927308, 2.4674011003),
    0.1: (0.0967538744, 0.1950827973, 0.2940685587),
    0.01: (0.0099667554, 0.0199500833, 0.0299400686),
}
DELTA = {  # Bi: delta, theta in the centre and on the surface of slab, cylinder, sphere
    FIXED: ((0.8784577, 1.1868422, 0.0), (2.0, 1.3862944, 0.0), (3.3219921, 1.6074568, 0.0)),
    100.0: ((0.8611862, 1.1867991, 0.0197150), (1.9605934, 1.3861957, 0.0198), (3.2564289, 1.6072918, 0.0198665)),
    10.0: ((0.7289761, 1.1832496, 0.1739322), (1.6538367, 1.3776536, 0.1801961), (2.7389807, 1.5922394, 0.1855832)),
    1.0: ((0.2706706, 1.1050252, 0.7215354), (0.575799, 1.1878027, 0.7639320), (0.9010200, 1.2543145, 0.7973750)),
    0.1: ((0.0355900, 1.0158798, 0.9671310), (0.0717597, 1.0243704, 0.9750156), (0.1081726, 1.0296242, 0.9798935)),
    0.01: ((0.0036666, 1.0016586, 0.9966711), (0.0073392, 1.0024937, 0.9975), (0.0110143, 1.0029964, 0.9979989)),
}


def chain(shape, heat, *, biot=FIXED, length=1.0, k=1.0, volumetric=1.0, cells=60):
    """A slab, cylinder or sphere of cells from the centre on, with a node on its surface; `heat` by volume and its slope."""
    faces = np.linspace(0.0, length, cells + 1)
    at = np.append(0.5 * (faces[1:] + faces[:-1]), length)
    volume = np.append(np.diff(faces ** (shape + 1)) / (shape + 1), 0.0)
    volume[-1] = 1e-9 * volume[-2]
    passes = k * faces[1:] ** shape / np.diff(at)
    matrix = diags_array([np.append(passes, 0.0) + np.append(0.0, passes), -passes, -passes], offsets=[0, 1, -1]).tocsr()
    film, held = np.zeros(cells + 1), np.array([cells])
    if biot < FIXED:
        film[-1], held = biot * k / length * faces[-1] ** shape, np.zeros(0, np.int64)
    capacity = volumetric * volume
    made = lambda T: tuple(volume * part for part in heat(T))  # noqa: E731
    return SelfHeated(Conduction(matrix, edges_of(matrix), ()), film, np.zeros(cells + 1), held, made, lambda T: capacity, 1)


@pytest.mark.parametrize("biot", MU2)
@pytest.mark.parametrize("shape", [SLAB, CYLINDER, SPHERE])
def test_a_source_linear_in_temperature(shape, biot):
    """lambda = (k mu^2/L^2 - beta)/(rho c), positive below beta = k mu^2/L^2, whatever the constant part q0 = 3 W/m3."""
    mu2 = MU2[biot][shape]
    body = chain(shape, lambda T: (3.0 + 0.9 * mu2 * (T - 300.0), np.full_like(T, 0.9 * mu2)), biot=biot, volumetric=2.0)
    found, mode = lowest_mode(body, stationary(body, 300.0).temperature)
    assert 2.0 * found + 0.9 * mu2 == pytest.approx(mu2, rel=3e-4)
    assert np.max(mode) == 1.0
    assert np.min(mode) >= 0.0


def test_the_eigenvalue_is_of_second_order():
    """Each halving of the cells takes the error to a quarter."""
    errors = []
    for cells in (10, 20, 40):
        body = chain(CYLINDER, lambda T: (0.0 * T, 0.0 * T), biot=1.0, cells=cells)
        errors.append(lowest_mode(body, np.full(cells + 1, 300.0))[0] - MU2[1.0][CYLINDER])
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.02)
    assert errors[1] / errors[2] == pytest.approx(4.0, rel=0.02)


def test_a_source_that_rises_too_steeply_has_a_negative_eigenvalue():
    """At 1.1 of the critical slope: lambda = -0.1 k mu^2/L^2."""
    mu2 = MU2[1.0][SPHERE]
    body = chain(SPHERE, lambda T: (1.1 * mu2 * (T - 300.0), np.full_like(T, 1.1 * mu2)), biot=1.0)
    assert lowest_mode(body, np.full(61, 300.0))[0] == pytest.approx(-0.1 * mu2, rel=3e-3)


@pytest.mark.parametrize("biot", DELTA)
@pytest.mark.parametrize("shape", [SLAB, CYLINDER, SPHERE])
def test_frank_kamenetskii(shape, biot):
    """q = exp(T - 1000 K): the surroundings at which the body is critical are 1000 K + ln delta."""
    delta, centre, surface = DELTA[biot][shape]

    def heat(T):
        value = np.exp(np.minimum(T - 1000.0, 50.0))
        return value, value

    body = chain(shape, heat, biot=biot)
    found = critical(body, stationary(body, 990.0), 1100.0)
    assert found.folds
    assert np.exp(found.ambient - 1000.0) == pytest.approx(delta, rel=3e-4)
    assert found.temperature[0] - found.ambient == pytest.approx(centre, abs=5e-4)
    assert found.temperature[-1] - found.ambient == pytest.approx(surface, abs=5e-4)
    assert abs(lowest_mode(body, found.temperature)[0]) < 1e-5 * MU2[biot][shape]
    assert stationary(body, found.ambient + 1e-3) is None
    assert stationary(body, found.ambient - 1e-3) is not None


# shape, half thickness or radius [m], k, h, critical surroundings, centre and surface there [K], lambda [1/s] 20, 5 and 1 K below
BODIES = {
    "slab, small Bi": (SLAB, 0.010, 0.5, 10.0, 384.47304, 394.3192, 393.4112, (4.18646e-4, 3.08874e-4, 1.68519e-4)),
    "slab, held": (SLAB, 0.010, 0.5, 1e6, 410.50239, 423.5069, 410.5035, (5.43566e-3, 3.93234e-3, 2.13182e-3)),
    "slab": (SLAB, 0.030, 0.8, 25.0, 380.63556, 390.9493, 387.5253, (2.81047e-4, 2.08494e-4, 1.14214e-4)),
    "cylinder, small Bi": (CYLINDER, 0.009, 0.5, 10.0, 392.46939, 402.8667, 401.9908, (9.45350e-4, 6.91418e-4, 3.75399e-4)),
    "cylinder": (CYLINDER, 0.009, 0.5, 50.0, 407.31239, 419.9539, 415.7672, (3.95089e-3, 2.84985e-3, 1.53755e-3)),
    "sphere": (SPHERE, 0.010, 0.5, 10.0, 395.53289, 406.2544, 405.2532, (1.27998e-3, 9.33116e-4, 5.05717e-4)),
}


def arrhenius(T):
    value = 7.216591670e21 * np.exp(-135_080.0 / (8.314462618 * T))
    return value, value * 135_080.0 / (8.314462618 * T**2)


@pytest.mark.parametrize("name", BODIES)
def test_an_arrhenius_source(name):
    """Critical surroundings and eigenvalues below them, by a separate program with finite volumes of 100 to 400 cells, extrapolated."""
    shape, length, k, h, ambient, centre, surface, eigenvalues = BODIES[name]
    body = chain(shape, arrhenius, biot=h * length / k, length=length, k=k, volumetric=2580.0 * 830.0)
    start = stationary(body, 330.0)
    found = critical(body, start, 600.0)
    assert found.ambient == pytest.approx(ambient, abs=2e-3)
    assert (found.temperature[0], found.temperature[-1]) == pytest.approx((centre, surface), abs=4e-3)
    for below, value in zip((20.0, 5.0, 1.0), eigenvalues, strict=True):
        T = stationary(body, ambient - below).temperature
        assert lowest_mode(body, T)[0] == pytest.approx(value, rel=1e-2)
    assert not critical(body, start, ambient - 1.0).folds


def test_where_heat_jumps_the_branch_is_lost_in_words():
    """A source that sets in at once at 400 K has no state in between."""
    body = chain(SLAB, lambda T: (np.where(T > 400.0, 1e4, 1.0), np.zeros_like(T)), biot=1.0)
    with pytest.raises(SolveError, match=r"stationary states were lost at an ambient of 125.35 degC, hottest 126.85"):
        critical(body, stationary(body, 300.0), 600.0)
