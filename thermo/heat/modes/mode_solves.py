"""What acts on the modes of a box, and the solves of its steps, by whole arrays.

Middles of quadratic cells are eliminated first, which leaves tridiagonal systems; their pivots are made of sums of positive terms, so that
nothing cancels where layers are thin. Nodes held on a part of the last plane enter by Lagrange multipliers, the heat they are given:
after the forward sweep u on that plane is affine in them, and a dense system of their number finds them.
"""

from __future__ import annotations

import numpy as np

from thermo.base.arrays import Floats
from thermo.heat.modes.modal_arrays import Holding, ModalSample, ModalWork, Values


def values_at(values: Values, time: float, out: Floats) -> None:
    """Values of the conditions at a time [s]."""
    for i in range(len(out)):
        out[i] = np.interp(time, values.time[i], values.value[i])


def conduct(sample: ModalSample, u: Floats, out: Floats, flux: Floats) -> None:
    """-(l Pz + Kz) u: heat conducted into the modes [W/m], between planes from differences, so that nothing cancels in thin layers."""
    n_cells = len(sample.link)
    np.multiply(u, sample.lateral, out)
    np.multiply(out, -sample.spread, out)
    low, high, middle = slice(0, n_cells), slice(1, n_cells + 1), slice(n_cells + 1, None)
    pairs = ((low, high, 1.0),) if sample.order == 1 else ((low, middle, 8.0 / 3.0), (middle, high, 8.0 / 3.0), (low, high, -1.0 / 3.0))
    for one, other, share in pairs:
        np.subtract(u[other], u[one], flux)
        np.multiply(flux, share * sample.link, flux)
        np.add(out[one], flux, out[one])
        np.subtract(out[other], flux, out[other])


def push(sample: ModalSample, values: Floats, u: Floats, weight: float, out: Floats) -> None:
    """Add the heat through faces and from sources into the modes, `weight` times."""
    films, loads = sample.films, sample.loads
    for i in range(len(loads.density)):
        out += (weight * values[loads.density[i]] * loads.along[i]) * loads.across[i]
    for i in range(len(films.plane)):
        k = films.plane[i]
        out[k] += weight * values[films.coefficient[i]] * (values[films.ambient[i]] * sample.uniform - u[k])


def count_heat(sample: ModalSample, values: Floats, u: Floats, weight: float, heat: Floats) -> None:
    """Add to the heat of every term what passes at this moment, `weight` times. Where a part of a plane is held, convection there is
    part of the equations of the modes, and the multipliers are less by that much."""
    films, loads, holding = sample.films, sample.loads, sample.holding
    for i in range(len(loads.density)):
        heat[loads.row[i]] += weight * values[loads.density[i]] * loads.total[i]
    for i in range(len(films.plane)):
        k, coefficient, ambient = films.plane[i], weight * values[films.coefficient[i]], values[films.ambient[i]]
        heat[films.row[i]] += coefficient * (ambient * films.area[i] - films.weight[i] @ u[k])
        if k > 0:
            for j in range(len(holding.row)):
                heat[holding.row[j]] += coefficient * (ambient * holding.area[j] - holding.weight[j] @ u[k])


def factorise(sample: ModalSample, work: ModalWork, s: float, values: Floats) -> None:
    """Make ready for solves with Cz + s (l Pz + Kz + films), unless they are; `work.spare` is lost.

    With g the coupling of a vertex to the next and e the excess of its diagonal over its couplings, the pivot is e + g, and
    e' += g e / (e + g) goes on to the next.
    """
    films, last = [0.0, 0.0], len(sample.link)
    for i in range(len(sample.films.plane)):
        films[int(sample.films.plane[i] > 0)] += values[sample.films.coefficient[i]]
    if work.key[0] == s and work.key[1] == films[0] and work.key[2] == films[1]:
        return
    work.key[:] = s, films[0], films[1]
    inverse, lower, coupling, excess = work.inverse, work.lower, work.coupling, work.spare
    np.multiply(sample.spread, sample.lateral, excess)
    np.multiply(excess, s, excess)
    np.add(excess, sample.capacity, excess)
    excess[0] += s * films[0]
    excess[last] += s * films[1]
    np.multiply(sample.link, s, coupling)
    if sample.order == 2:
        np.multiply(sample.link, 8.0 / 3.0 * s, work.middle)
        own, across = excess[last + 1 :], inverse[last + 1 :]
        np.add(own, 2.0 * work.middle, across)
        np.divide(1.0, across, across)
        np.multiply(work.middle, across, lower)
        np.multiply(own, lower, own)
        np.add(excess[:last], own, excess[:last])
        np.add(excess[1 : last + 1], own, excess[1 : last + 1])
        np.multiply(lower, work.middle, coupling)
        np.subtract(coupling, s / 3.0 * sample.link, coupling)
    for k in range(last):
        np.add(excess[k], coupling[k], inverse[k])
        np.divide(1.0, inverse[k], inverse[k])
        np.multiply(coupling[k], inverse[k], lower[k])
        np.multiply(lower[k], excess[k], excess[k])
        np.add(excess[k + 1], excess[k], excess[k + 1])
    np.divide(1.0, excess[last], inverse[last])
    if len(work.dense):
        factorise_dense(sample.holding, work)


def factorise_dense(holding: Holding, work: ModalWork) -> None:
    """Cholesky factor of P D P^T, D the inverse of the last pivots and P the modes at the held nodes."""
    from scipy.linalg.lapack import dpotrf

    a, nx = holding.lines_x.shape
    b, ny = holding.lines_y.shape
    crossed = work.pairs_x @ work.inverse[len(work.lower)].reshape(nx, ny) @ work.pairs_y
    matrix = crossed.reshape(a, a, b, b).transpose(0, 2, 1, 3).reshape(a * b, a * b)
    if len(holding.chosen) < a * b:
        matrix = matrix[np.ix_(holding.chosen, holding.chosen)]
    work.dense[:], _ = dpotrf(matrix, lower=1)


def held_part(holding: Holding, plane: Floats) -> Floats:
    """The values of the modes of a plane (m,) at the held nodes, or those modes where it is held as a whole."""
    if holding.whole:
        return plane
    nx, ny = holding.lines_x.shape[1], holding.lines_y.shape[1]
    return (holding.lines_x @ plane.reshape(nx, ny) @ holding.lines_y.T).ravel()[holding.chosen]  # type: ignore[no-any-return]


def solve(sample: ModalSample, work: ModalWork, r: Floats, target: Floats, given: Floats) -> None:
    """Solve (Cz + s (l Pz + Kz + films)) u = r + P^T `given` in place, with P u = `target` on the last plane; `given` is found."""
    last, inverse, lower, middle, cells, row = len(sample.link), work.inverse, work.lower, work.middle, work.cells, work.row
    across = inverse[last + 1 :]
    if sample.order == 2:
        np.multiply(r[last + 1 :], across, cells)
        np.multiply(cells, middle, cells)
        np.add(r[:last], cells, r[:last])
        np.add(r[1 : last + 1], cells, r[1 : last + 1])
    for factor, one, other in zip(lower, r, r[1:], strict=False):
        np.multiply(factor, one, row)
        np.add(other, row, other)
    close(sample.holding, work, r[last], target, given)
    np.multiply(r[:last], inverse[:last], r[:last])
    for factor, one, other in zip(lower[::-1], r[last - 1 :: -1], r[last:0:-1], strict=True):
        np.multiply(factor, other, row)
        np.add(one, row, one)
    if sample.order == 2:
        np.add(r[:last], r[1 : last + 1], cells)
        np.multiply(cells, middle, cells)
        np.add(r[last + 1 :], cells, r[last + 1 :])
        np.multiply(r[last + 1 :], across, r[last + 1 :])


def close(holding: Holding, work: ModalWork, r: Floats, target: Floats, given: Floats) -> None:
    """The last plane of a solve, after the forward sweep: u = (r + P^T `given`) over the pivot with P u = `target`."""
    from scipy.linalg.lapack import dpotrs

    inverse = work.inverse[len(work.lower)]
    if holding.whole:
        given[:] = target / inverse - r
        r[:] = target
        return
    if len(given):
        given[:], _ = dpotrs(work.dense, target - held_part(holding, r * inverse), lower=1)
        crossed = np.zeros((len(holding.lines_x), len(holding.lines_y)))
        crossed.ravel()[holding.chosen] = given
        r += (holding.lines_x.T @ crossed @ holding.lines_y).ravel()
    r *= inverse


def aim(sample: ModalSample, work: ModalWork, values: Floats, u: Floats) -> None:
    """Into `work.target` what held nodes lack at some values of the conditions."""
    holding = sample.holding
    if len(holding.row):
        np.subtract(holding.blend @ values[holding.value], held_part(holding, u[len(sample.link)]), work.target)
