"""The solves of `mode_solves.py` as loops for compiled code: few passes over memory where whole arrays want many.

One sweep makes the right side of a stage and eliminates, one goes back: 64 bytes of memory a node, stage and step.
"""

from __future__ import annotations

import math

from thermo.base.compiled import kernel

BLOCK = 8192  # modes that are swept at once, so that neighbouring planes stay in the cache


@kernel
def values_now(values, time, out):
    """Values of the conditions at a time."""
    n_rows = values.time.shape[1]
    for i in range(out.shape[0]):
        out[i] = values.value[i, n_rows - 1]
        for k in range(n_rows):
            if time < values.time[i, k]:
                if k == 0:
                    out[i] = values.value[i, 0]
                else:
                    share = (time - values.time[i, k - 1]) / (values.time[i, k] - values.time[i, k - 1])
                    out[i] = values.value[i, k - 1] + share * (values.value[i, k] - values.value[i, k - 1])
                break


@kernel
def moments(sample, work, first, first_weight, second, second_weight):
    """The conditions of two moments, weighted and added: what loads and films bring at those moments together."""
    for i in range(work.density.shape[0]):
        k = sample.loads.density[i]
        work.density[i] = first_weight * first[k] + second_weight * second[k]
    for i in range(work.inflow.shape[0]):
        k, ambient = sample.films.coefficient[i], sample.films.ambient[i]
        work.outflow[i] = first_weight * first[k] + second_weight * second[k]
        work.inflow[i] = first_weight * first[k] * first[ambient] + second_weight * second[k] * second[ambient]


@kernel
def add_conditions(sample, work, here, k, row, start, stop):
    """Add to the plane k of a right side what `moments` has put together."""
    for i in range(work.density.shape[0]):
        factor = work.density[i] * sample.loads.along[i, k, 0]
        if factor != 0.0:
            across = sample.loads.across[i, 0, start:stop]
            for j in range(row.shape[0]):
                row[j] += factor * across[j]
    for i in range(work.inflow.shape[0]):
        if sample.films.plane[i] == k:
            uniform, inflow, outflow = sample.uniform[start:stop], work.inflow[i], work.outflow[i]
            for j in range(row.shape[0]):
                row[j] += inflow * uniform[j] - outflow * here[j]


@kernel
def add_rises(capacity, one, one_weight, two, two_weight, row):
    """Add capacity (one_weight one + two_weight two) to a plane of a right side."""
    if two_weight != 0.0:
        first, second = capacity * one_weight, capacity * two_weight
        for j in range(row.shape[0]):
            row[j] += first * one[j] + second * two[j]
    elif one_weight != 0.0:
        first = capacity * one_weight
        for j in range(row.shape[0]):
            row[j] += first * one[j]


@kernel
def sweep(sample, work, s, u, weight, one, one_weight, two, two_weight, out, start, stop):
    """Forward elimination of a stage with the right side  weight (conduction of u) + Cz (one_weight one + two_weight two) + conditions.

    Loops run from zero over views: an index that might be negative costs more than the arithmetic.
    """
    last, second_order = sample.link.shape[0], sample.order == 2
    lateral, done = sample.lateral[start:stop], work.other_row[start:stop]
    straight = -weight / 3.0 if second_order else weight
    for v in range(last + 1):
        spread = weight * sample.spread[v, 0]
        low = straight * sample.link[v - 1, 0] if v > 0 else 0.0
        high = straight * sample.link[v, 0] if v < last else 0.0
        here, row = u[v, start:stop], out[v, start:stop]
        below, above = u[max(v - 1, 0), start:stop], u[min(v + 1, last), start:stop]
        if second_order or v == 0:
            for j in range(row.shape[0]):
                row[j] = low * (below[j] - here[j]) + high * (above[j] - here[j]) - spread * lateral[j] * here[j]
        else:
            factor, before, pivot = s * sample.link[v - 1, 0], out[v - 1, start:stop], work.inverse[v - 1, start:stop]
            for j in range(row.shape[0]):
                flow = low * (below[j] - here[j]) + high * (above[j] - here[j]) - spread * lateral[j] * here[j]
                row[j] = flow + factor * pivot[j] * before[j]
        add_rises(sample.capacity[v, 0], one[v, start:stop], one_weight, two[v, start:stop], two_weight, row)
        add_conditions(sample, work, here, v, row, start, stop)
        if second_order:
            if v > 0:
                half, middle = 8.0 / 3.0 * weight * sample.link[v - 1, 0], u[last + v, start:stop]
                couple, before, pivot = work.coupling[v - 1, start:stop], out[v - 1, start:stop], work.inverse[v - 1, start:stop]
                for j in range(row.shape[0]):
                    row[j] += half * (middle[j] - here[j]) + done[j]
                for j in range(row.shape[0]):
                    row[j] += couple[j] * pivot[j] * before[j]
            if v < last:
                k = last + 1 + v
                half, factor, spread = 8.0 / 3.0 * weight * sample.link[v, 0], work.middle[v, 0], weight * sample.spread[k, 0]
                middle, right, across = u[k, start:stop], out[k, start:stop], work.inverse[k, start:stop]
                for j in range(row.shape[0]):
                    right[j] = half * (here[j] - middle[j] + above[j] - middle[j]) - spread * lateral[j] * middle[j]
                add_rises(sample.capacity[k, 0], one[k, start:stop], one_weight, two[k, start:stop], two_weight, right)
                add_conditions(sample, work, middle, k, right, start, stop)
                for j in range(row.shape[0]):
                    done[j] = factor * across[j] * right[j]
                for j in range(row.shape[0]):
                    row[j] += half * (middle[j] - here[j]) + done[j]


@kernel
def back(sample, work, s, u, share, out, start, stop):
    """Back substitution of a stage: the rise in `out`, or with `share` 1 what u becomes by it."""
    last, second_order = sample.link.shape[0], sample.order == 2
    row, here, later = out[last, start:stop], u[last, start:stop], work.other_row[start:stop]
    for j in range(row.shape[0]):
        later[j] = row[j]
        row[j] += share * here[j]
    for v in range(last - 1, -1, -1):
        row, here, pivot = out[v, start:stop], u[v, start:stop], work.inverse[v, start:stop]
        if second_order:
            k, factor, found = last + 1 + v, work.middle[v, 0], work.row[start:stop]
            couple, right, across, middle = work.coupling[v, start:stop], out[k, start:stop], work.inverse[k, start:stop], u[k, start:stop]
            for j in range(row.shape[0]):
                found[j] = pivot[j] * (row[j] + couple[j] * later[j])
            for j in range(row.shape[0]):
                right[j] = across[j] * (right[j] + factor * (found[j] + later[j])) + share * middle[j]
            for j in range(row.shape[0]):
                later[j] = found[j]
                row[j] = found[j] + share * here[j]
        else:
            factor = s * sample.link[v, 0]
            for j in range(row.shape[0]):
                rise = pivot[j] * (row[j] + factor * later[j])
                later[j] = rise
                row[j] = rise + share * here[j]


@kernel
def prepare(sample, work, s, values):
    """As `mode_solves.factorise`."""
    first, at_last, last = 0.0, 0.0, sample.link.shape[0]
    for i in range(sample.films.plane.shape[0]):
        if sample.films.plane[i] > 0:
            at_last += values[sample.films.coefficient[i]]
        else:
            first += values[sample.films.coefficient[i]]
    if work.key[0] == s and work.key[1] == first and work.key[2] == at_last:
        return
    work.key[0], work.key[1], work.key[2] = s, first, at_last
    lateral, excess, passed = sample.lateral, work.row, work.other_row
    for v in range(last + 1):
        pivot, spread = work.inverse[v], s * sample.spread[v, 0]
        film = s * (first if v == 0 else at_last if v == last else 0.0)
        add(passed, sample.capacity[v, 0] + film, spread, lateral, 0.0 if v == 0 else 1.0, excess)
        if v == last:
            for j in range(excess.shape[0]):
                pivot[j] = 1.0 / excess[j]
        elif sample.order == 2:
            link, k, couple = s * sample.link[v, 0], last + 1 + v, work.coupling[v]
            half, own_spread, own_capacity, across = 8.0 / 3.0 * link, s * sample.spread[k, 0], sample.capacity[k, 0], work.inverse[k]
            work.middle[v, 0] = half
            for j in range(excess.shape[0]):
                across[j] = 1.0 / (own_capacity + own_spread * lateral[j] + 2.0 * half)
            for j in range(excess.shape[0]):
                couple[j] = half * across[j] * half - link / 3.0
            for j in range(excess.shape[0]):
                passed[j] = half * across[j] * (own_capacity + own_spread * lateral[j])
            for j in range(excess.shape[0]):
                pivot[j] = 1.0 / (excess[j] + passed[j] + couple[j])
            for j in range(excess.shape[0]):
                passed[j] += couple[j] * pivot[j] * (excess[j] + passed[j])
        else:
            link = s * sample.link[v, 0]
            for j in range(excess.shape[0]):
                pivot[j] = 1.0 / (excess[j] + link)
            for j in range(excess.shape[0]):
                passed[j] = link * pivot[j] * excess[j]
    if work.dense.shape[0] > 0:
        prepare_dense(sample.holding, work, work.inverse[last])


@kernel
def add(passed, constant, factor, values, share, out):
    """constant + factor values + share passed"""
    if share == 0.0:
        for j in range(out.shape[0]):
            out[j] = constant + factor * values[j]
    else:
        for j in range(out.shape[0]):
            out[j] = constant + factor * values[j] + share * passed[j]


@kernel
def add_times(factor, values, out):
    """Add factor times values."""
    for j in range(out.shape[0]):
        out[j] += factor * values[j]


@kernel
def fill(value, out):
    """Set all entries."""
    for j in range(out.shape[0]):
        out[j] = value


@kernel
def combine(factors, rows, out):
    """factors @ rows, four rows at a time, since moving `out` costs as much as the arithmetic."""
    n = rows.shape[0]
    fours = n - n % 4
    fill(0.0, out)
    for k in range(0, fours, 4):
        a, b, c, d = factors[k], factors[k + 1], factors[k + 2], factors[k + 3]
        one, two, three, four = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
        for j in range(out.shape[0]):
            out[j] += a * one[j] + b * two[j] + c * three[j] + d * four[j]
    for k in range(fours, n):
        add_times(factors[k], rows[k], out)


@kernel
def product(left, right, out):
    """left @ right"""
    for i in range(left.shape[0]):
        combine(left[i], right, out[i])


@kernel
def prepare_dense(holding, work, inverse):
    """As `mode_solves.factorise_dense`, but for the factor, which is the upper one."""
    ny, n = work.halfway.shape[1], work.dense.shape[0]
    a, b, dense, chosen = holding.lines_x.shape[0], holding.lines_y.shape[0], work.dense, holding.chosen
    product(work.pairs_x, inverse.reshape((work.pairs_x.shape[1], ny)), work.halfway)
    product(work.halfway, work.pairs_y, work.squared)
    for p in range(n):
        for q in range(p, n):
            one, other = chosen[p], chosen[q]
            dense[p, q] = work.squared[(one // b) * a + other // b, (one % b) * b + other % b]
    for p in range(n):
        row = dense[p, p:]
        for k in range(p):
            add_times(-dense[k, p], dense[k, p:], row)
        factor = 1.0 / math.sqrt(dense[p, p])
        for q in range(row.shape[0]):
            row[q] *= factor


@kernel
def held_values(holding, work, plane, pivot, out):
    """P (plane * pivot): values at the held nodes of the modes of a plane, into `out` what `out` lacks of them."""
    line, lines_x, lines_y = work.line, holding.lines_x, holding.lines_y
    ny, b = line.shape[1], lines_y.shape[0]
    for i in range(line.shape[0]):
        row = line[i]
        fill(0.0, row)
        for k in range(lines_x.shape[1]):
            factor, part, share = lines_x[i, k], plane[k * ny : (k + 1) * ny], pivot[k * ny : (k + 1) * ny]
            for j in range(ny):
                row[j] += factor * part[j] * share[j]
    for i in range(line.shape[0]):
        for j in range(b):
            total = 0.0
            for k in range(ny):
                total += line[i, k] * lines_y[j, k]
            work.crossed[i, j] = total
    for p in range(out.shape[0]):
        out[p] -= work.crossed[holding.chosen[p] // b, holding.chosen[p] % b]


@kernel
def close_plane(sample, work, plane, target, given):
    """As `mode_solves.close`."""
    holding, inverse = sample.holding, work.inverse[sample.link.shape[0]]
    n, m = given.shape[0], plane.shape[0]
    if holding.whole:
        for j in range(m):
            given[j] = target[j] / inverse[j] - plane[j]
            plane[j] = target[j]
        return
    if n > 0:
        dense, line, crossed, lines_x, lines_y = work.dense, work.line, work.crossed, holding.lines_x, holding.lines_y
        b, ny = lines_y.shape[0], line.shape[1]
        for p in range(n):
            given[p] = target[p]
        held_values(holding, work, plane, inverse, given)
        for p in range(n):
            given[p] /= dense[p, p]
            for q in range(p + 1, n):
                given[q] -= dense[p, q] * given[p]
        for p in range(n - 1, -1, -1):
            total = given[p]
            for q in range(p + 1, n):
                total -= dense[p, q] * given[q]
            given[p] = total / dense[p, p]
        for i in range(crossed.shape[0]):
            for j in range(b):
                crossed[i, j] = 0.0
        for p in range(n):
            crossed[holding.chosen[p] // b, holding.chosen[p] % b] = given[p]
        product(crossed, lines_y, line)
        for k in range(lines_x.shape[1]):
            for i in range(line.shape[0]):
                add_times(lines_x[i, k], line[i], plane[k * ny : (k + 1) * ny])
    for j in range(m):
        plane[j] *= inverse[j]


@kernel
def aim_at(sample, work, values, u):
    """As `mode_solves.aim`."""
    holding, last = sample.holding, sample.link.shape[0]
    if holding.row.shape[0] == 0:
        return
    for p in range(work.target.shape[0]):
        work.target[p] = 0.0
        for i in range(holding.row.shape[0]):
            work.target[p] += holding.blend[p, i] * values[holding.value[i]]
    if holding.whole:
        for p in range(work.target.shape[0]):
            work.target[p] -= u[last, p]
    else:
        for j in range(work.row.shape[0]):
            work.row[j] = 1.0
        held_values(holding, work, u[last], work.row, work.target)


@kernel
def stage(sample, work, s, u, weight, one, one_weight, two, two_weight, share, out, given):
    """One solve with the right side of `sweep`, the held nodes at `work.target`."""
    m = u.shape[1]
    for start in range(0, m, BLOCK):
        sweep(sample, work, s, u, weight, one, one_weight, two, two_weight, out, start, min(start + BLOCK, m))
    close_plane(sample, work, out[sample.link.shape[0]], work.target, given)
    for start in range(0, m, BLOCK):
        back(sample, work, s, u, share, out, start, min(start + BLOCK, m))
