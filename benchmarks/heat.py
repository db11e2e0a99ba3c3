"""The heat solver beside what others do with the same equations: boxes of layers in mode space, and the general path.

The brick is 10 um wide with 0.5 um silver, 7 um polyimide, 0.5 um silver; a square of 1 um on its top is held at 473 K from 298 K on.
Imports and loading of compiled code are in no figure. `--quick` leaves out what takes minutes. Every figure is one thread's CPU time.
"""

from __future__ import annotations

from common import cpu, row, show  # isort: skip  (it sets the number of threads before numpy is loaded)

import argparse
import csv
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jittered import LOWER, STEP, UPPER, assembled, jittered, ours, theirs
from peers import installed
from scipy.sparse import csr_matrix, diags_array, kron

from meshes.block import Grid, graded, line_matrices, line_weights
from meshes.boxes import Extent, boxes_mesh
from thermo.casefile.units import Quantity
from thermo.heat.modes.box_in_modes import modal_sample
from thermo.heat.modes.modal_arrays import FACES, ModalSample, Share
from thermo.heat.tensor import Stack
from thermo.materials.properties import Table
from thermo.programmes.conditions import Held
from thermo.programmes.programme import Schedule
from thermo.stepping.loop import ERROR as WEIGHTS
from thermo.stepping.loop import D, G, Limits, W, advance, integrate

UM = 1e-6
HELD = Held.model_validate({"kind": "held", "temperature": "473 K"})
COLD, RISE = 298.0, 175.0
INTERFACES = (0.5 * UM, 7.5 * UM)
HEIGHT, SIDE, SPOT = 8.0 * UM, 10.0 * UM, 1.0 * UM


def compiled() -> Any:
    """The loop over steps, compiled."""
    import thermo.heat.modes.mode_loops  # noqa: F401
    from thermo.base.compiled import compile_kernels

    return compile_kernels(print)(advance)


# ------------------------------------------------------------------ bricks


class Brick(NamedTuple):
    """Lines of cells along x (and y) and z, where the held square ends along x, and the order of the elements."""

    x: np.ndarray
    z: np.ndarray
    spot: tuple[float, float]
    order: int

    def stack(self) -> Stack:
        middle = 0.5 * (self.z[1:] + self.z[:-1])
        silver = (middle < INTERFACES[0]) | (middle > INTERFACES[1])
        k, c = (np.where(silver, upper, lower) for upper, lower in zip(UPPER, LOWER, strict=True))
        return Stack(Grid(self.x, self.x, self.z, (None, None)), self.order, k, k, c)

    def nodes(self, line: np.ndarray) -> np.ndarray:
        return line if self.order == 1 else np.sort(np.concatenate([line, 0.5 * (line[1:] + line[:-1])]))

    def on(self) -> np.ndarray:
        x = self.nodes(self.x)
        return (x >= self.spot[0] * (1.0 - 1e-9)) & (x <= self.spot[1] * (1.0 + 1e-9))

    def sample(self, seen: list[int], **steps: Any) -> ModalSample:
        w, n = line_weights(self.x, self.order, -1.0, 1.0) * self.on(), len(self.nodes(self.z))
        share = Share(1.0 * (np.arange(n) == n - 1), np.outer(w, w))
        start = np.full((n, 1, 1), COLD)
        return modal_sample(self.stack(), (("spot", HELD),), {"spot": share}, start=start, seen=np.array(seen), scale=RISE, **steps)

    def matrices(self) -> tuple[csr_matrix, np.ndarray, np.ndarray]:
        """Conduction, capacity and held nodes of the same brick put together; z runs fastest."""
        stack = self.stack()
        kx, wx = line_matrices(self.x, self.order, np.ones(len(self.x) - 1))
        kz, _ = line_matrices(self.z, self.order, stack.conductivity_through)
        _, pz = line_matrices(self.z, self.order, stack.conductivity_in_plane)
        _, cz = line_matrices(self.z, self.order, stack.volumetric_heat_capacity)
        dx, kx, dz = diags_array(wx), csr_matrix(kx), diags_array(pz)
        matrix = kron(kron(kx, dx), dz) + kron(kron(dx, kx), dz) + kron(kron(dx, dx), csr_matrix(kz))
        on, n = np.outer(self.on(), self.on()).ravel(), len(cz)
        return matrix.tocsr(), np.kron(np.kron(wx, wx), cz), np.flatnonzero(on) * n + n - 1


def uniform(n_lateral: int, n_rows: int) -> Brick:
    """The whole brick in cells of one size along x and y and, but for the interfaces, along z."""
    thin = max(1, round(n_rows / 16))
    z = [np.linspace(*ends, n + 1) for ends, n in (((0, 0.5), thin), ((0.5, 7.5), n_rows - 2 * thin), ((7.5, 8.0), thin))]
    points = np.concatenate([z[0], z[1][1:], z[2][1:]]) * UM
    return Brick(np.linspace(0.0, SIDE, n_lateral + 1), points, (4.5 * UM, 5.5 * UM), 1)


def quarter(order: int, edge: float, interface: float, growth: float, largest: float) -> Brick:
    """A quarter, its cells [um] graded to the edge of the square, to the top and to the interfaces."""
    half, most = 0.5 * SPOT, largest * UM
    x = graded([0.0, half, 0.5 * SIDE], {half: edge * UM}, growth, most)
    z = graded([0.0, *INTERFACES, HEIGHT], {**dict.fromkeys(INTERFACES, interface * UM), HEIGHT: edge * UM}, growth, most)
    return Brick(x, z, (0.0, half), order)


def same_mesh(name: str, brick: Brick, run: Any, peers: dict[str, Any], n_steps: int) -> dict[str, Any]:
    """100 backward Euler steps, set-up included; peers take `n_steps` of them, the rest in proportion."""
    programme, limits = Schedule(np.array([100.0 * STEP])), Limits(longest_step=STEP)

    def steps() -> Any:
        sample = brick.sample([0], tolerance=1.0, euler=True, step=STEP)
        from thermo.stepping.loop import initial_state

        state = initial_state(sample, programme)
        for _ in integrate(sample, programme, state, limits=limits, n_steps=100, run=run):
            pass
        return sample, state

    seconds, (sample, state) = cpu(steps, 5)
    matrix, capacity, held = gauss(brick)
    bottom = (sample.vectors_x @ state.enthalpy[sample.seen[0]].reshape(sample.node_area.shape) @ sample.vectors_y.T).ravel()
    best = ("none", np.inf)
    for peer, (solver, most) in peers.items():
        if len(capacity) <= most:
            set_up, each, T = theirs(matrix, capacity, held, solver, n_steps)
            print(f"{name}: {peer}: set-up {set_up:.3g} s, step {each:.3g} s; after {n_steps + 1} steps {T.min():.3f} K at least")
            best = min(best, (peer, set_up + 100.0 * each), key=lambda found: found[1])
    print(f"{name}: ours {1e9 * seconds / (100 * len(capacity)):.2f} ns per unknown and step, bottom {bottom.min():.6f} K")
    return row(name, seconds, "s", best[0], best[1])


def gauss(brick: Brick) -> tuple[csr_matrix, np.ndarray, np.ndarray]:
    """The brick as scikit-fem assembles it, with Gauss's quadrature."""
    regions = {"lower": [Extent((0.0, 0.0, INTERFACES[0]), (SIDE, SIDE, INTERFACES[1]))], "upper": []}
    low, high = Extent((0.0,) * 3, (SIDE, SIDE, INTERFACES[0])), Extent((0.0, 0.0, INTERFACES[1]), (SIDE, SIDE, HEIGHT))
    regions["upper"] = [low, high]
    mesh = boxes_mesh([brick.x, brick.x, brick.z], regions, {})
    stiffness, capacity = assembled(mesh)
    on = np.all(np.abs(mesh.points[:, :2] - 0.5 * SIDE) <= 0.5 * SPOT * (1.0 + 1e-9), axis=1)
    return stiffness, capacity, np.flatnonzero(on & (mesh.points[:, 2] > HEIGHT * (1.0 - 1e-9)))


# ------------------------------------------------------------------ time to an accuracy


def gold() -> dict[str, np.ndarray]:
    """Temperatures of the brick and the heat into it."""
    with open(Path(__file__).with_name("brick_pi_ag.csv"), newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return {key: np.array([float(entry[key]) for entry in rows]) for key in rows[0]}


def errors(found: dict[str, np.ndarray]) -> dict[str, float]:
    """A: of the bottom's centre where its rise is over 1 K, relative. B: A, and two more places and the heat from 0.01 us on, as shares
    of the whole."""
    exact = gold()
    rise, late = exact["bottom_centre"] - COLD, exact["t_us"] > 0.0099
    a = float(np.max(np.abs(found["bottom_centre"] - exact["bottom_centre"])[rise > 1.0] / rise[rise > 1.0]))
    others = [np.abs(found[key] - exact[key])[late] / RISE for key in ("top_corner", "mid_centre")]
    return {"A": a, "B": max(a, float(np.max([*others, np.abs(found["Q_J"] / exact["Q_J"][-1] - exact["Q_J"] / exact["Q_J"][-1])[late]])))}


def transient(brick: Brick, tolerance: float, run: Any) -> dict[str, np.ndarray]:
    """Our run from a case's numbers to what is read off, set-up included."""
    from thermo.stepping.loop import initial_state

    z = brick.nodes(brick.z)
    seen = [0, int(np.argmin(np.abs(z - 0.5 * HEIGHT))), len(z) - 1]
    sample = brick.sample(seen, tolerance=tolerance)
    times, programme = gold()["t_us"] * UM, Schedule(np.array([1e-3]))
    state, shown, heat = initial_state(sample, programme), [], []
    for block in integrate(sample, programme, state, times=times, n_steps=32, run=run):
        shown.append(block.field)
        heat.append(block.ledger[block.asked > 0.0, FACES])
    T, n = np.concatenate(shown), sample.node_area.size
    places = {"bottom_centre": 0, "mid_centre": n, "top_corner": 3 * n - 1}
    return {"Q_J": 4.0 * np.concatenate(heat)} | {key: T[:, place] for key, place in places.items()}


def by_hand(brick: Brick, tolerance: float, peer: Any) -> dict[str, np.ndarray]:
    """The same on assembled matrices: TR-BDF2 with an error estimate, steps in powers of two so that a factor serves several."""
    K, C, held = brick.matrices()
    free = np.setdiff1d(np.arange(len(C)), held)
    inner, c = K[free][:, free], C[free]
    load = -(K[free][:, held] @ np.full(len(held), COLD + RISE))
    T = np.full(len(C), COLD)
    T[held] = COLD + RISE
    heat, clock, h, made = float(C[held].sum() * RISE), 0.0, 2.0**-30, {}
    n = len(brick.nodes(brick.z))
    z = brick.nodes(brick.z)
    middle = int(np.argmin(np.abs(z - 0.5 * HEIGHT)))
    places = {"bottom_centre": 0, "mid_centre": middle, "top_corner": len(C) - 1}
    times, kept = gold()["t_us"] * UM, []
    assert len(C) % n == 0
    while len(kept) < len(times):
        if h not in made:
            made = {h: peer((diags_array(c) + D * h * inner).tocsr())}
        solve, f0 = made[h], load - inner @ T[free]
        known = c * T[free] + D * h * (f0 + load)
        middle_T = solve(known, T[free])
        f1 = load - inner @ middle_T
        end = solve(c * T[free] + h * (W * (f0 + f1) + D * load), middle_T)
        f2 = load - inner @ end
        error = solve(h * (WEIGHTS[0] * f0 + WEIGHTS[1] * f1 + WEIGHTS[2] * f2), np.zeros(len(free)))
        worst = float(np.max(np.abs(error))) / (tolerance * RISE)
        if worst > 1.0:
            h *= 0.5
            continue
        before, stages = T.copy(), [T.copy(), T.copy()]
        stages[0][free], stages[1][free] = middle_T, end
        powers = [float(np.sum(K[held] @ state)) for state in (before, *stages)]
        given = h * (W * (powers[0] + powers[1]) + D * powers[2])
        while len(kept) < len(times) and times[len(kept)] <= clock + h:
            at = (times[len(kept)] - clock) / h
            weights = ((at - G) * (at - 1.0) / G, at * (at - 1.0) / (G * (G - 1.0)), at * (at - G) / (1.0 - G))
            seen = {key: sum(w * s[k] for w, s in zip(weights, (before, *stages), strict=True)) for key, k in places.items()}
            kept.append(seen | {"Q_J": 4.0 * (heat + at * given)})
        T, heat, clock = stages[1], heat + given, clock + h
        if worst < 0.1:
            h *= 2.0
    return {key: np.array([entry[key] for entry in kept]) for key in kept[0]}


# order, edge, interface, growth, largest [um], tolerance of a step: the cheapest of some hundred that reach each accuracy, with all
# smaller tolerances too
OURS = {
    "brick-A-1": ((2, 0.25, 0.5, 5.0, 2.0), 1e-3),
    "brick-A-0.1": ((2, 0.25, 0.5, 4.0, 2.0), 3e-5),
    "brick-B-1": ((2, 0.1, 0.1, 5.0, 2.0), 1e-3),
    "brick-B-0.1": ((2, 0.01, 0.1, 3.0, 1.5), 1e-5),
}
THEIRS = (3.0, 1.0, 0.3)  # the peers' tolerances as multiples of ours, on the same meshes; the first that reaches the accuracy counts


def to_accuracy(name: str, run: Any, peers: dict[str, Any]) -> dict[str, Any]:
    """Time from nothing to what is read off, at the accuracy that the name says."""
    kind, percent = name.split("-")[1:]
    wanted, (mesh, tolerance) = 0.01 * float(percent), OURS[name]
    seconds, found = cpu(lambda: transient(quarter(*mesh), tolerance, run), 5)
    reached = errors(found)[kind]
    print(f"{name}: ours {len(quarter(*mesh).nodes(quarter(*mesh).x))}^2 lateral nodes, error {100.0 * reached:.3f} %")
    if reached > wanted:
        print(f"{name}: ours misses {percent} %")
    tried = []
    for peer, (solver, most) in peers.items():
        brick = quarter(*mesh)
        for tolerance in (factor * OURS[name][1] for factor in THEIRS):
            n = len(brick.nodes(brick.x)) ** 2 * len(brick.nodes(brick.z))
            if n > min(most, 40_000):
                continue
            spent, found = cpu(lambda brick=brick, tolerance=tolerance, solver=solver: by_hand(brick, tolerance, solver))
            error = errors(found)[kind]
            print(f"{name}: {peer}: {n} unknowns, {spent:.3g} s, error {100.0 * error:.3f} %")
            tried.append((error > wanted, round(100.0 * error, 2) if error > wanted else 0.0, spent, peer))
            if error <= wanted:
                break
    missed, _, spent, peer = min(tried)
    return row(name, seconds, "s", f"> {peer}" if missed else peer, spent)


# ------------------------------------------------------------------ large boxes


def bandwidth() -> float:
    """a = b + s c of 10^7 doubles, 24 bytes each [bytes/s]."""
    import numba

    @numba.njit  # type: ignore[untyped-decorator]
    def triad(a, b, c):  # type: ignore[no-untyped-def]
        for i in range(a.shape[0]):
            a[i] = b[i] + 3.0 * c[i]

    a, b, c = np.zeros(10**7), np.ones(10**7), np.ones(10**7)
    triad(a, b, c)
    return 24e7 / cpu(lambda: triad(a, b, c), 7)[0]


def memory() -> float:
    """The most that this process has held [GB]; what getrusage says begins with the parent's."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 2**20


def alone(*arguments: str) -> list[float]:
    """Figures of this script in a process of its own."""
    told = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
    return [float(part) for part in told.stdout.splitlines()[-1].split()]


def floor(n_lateral: int, n_rows: int) -> tuple[float, int, float]:
    """Time per unknown and step [s], unknowns, and the memory of the process [GB]."""
    from thermo.stepping.loop import initial_state

    run, brick = compiled(), uniform(n_lateral, n_rows)
    sample = brick.sample([0], tolerance=1.0, euler=True, step=STEP)
    programme, limits, seconds = Schedule(np.array([1.0])), Limits(longest_step=STEP), []
    state = initial_state(sample, programme)
    n, begun = state.enthalpy.size, time.process_time()
    for _ in integrate(sample, programme, state, limits=limits, n_steps=5, run=run):
        seconds.append((time.process_time() - begun) / 5.0)
        begun = time.process_time()
        if len(seconds) == 6:
            break
    return min(seconds[1:]) / n, n, memory()


FLOORS = {"floor-1e6": (100, 97), "floor-1e7": (225, 195)}


def general(name: str, n: int, peers: dict[str, Any]) -> list[dict[str, Any]]:
    """A step and the set-up of the general path."""
    mesh = jittered(n)
    set_up, step, _, T = ours(mesh)
    unknowns = len(mesh.points)
    begun = time.process_time()
    stiffness, capacity = assembled(mesh)
    put_together = time.process_time() - begun
    found = []
    for peer, (solver, most) in peers.items():
        if unknowns <= most:
            made, each, other = theirs(stiffness, capacity, np.unique(mesh.faces["spot"]), solver)
            print(f"{name}: {peer}: set-up {put_together + made:.3g} s, step {each:.3g} s, apart {np.max(np.abs(T - other)):.1e} K")
            found.append((each, put_together + made, peer))
    each, made, peer = min(found)
    quickest = min(found, key=lambda entry: entry[1])
    rows = [row(name, step, "s/step", peer, each)]
    rows.append(row(f"{name}-set-up", 1e6 * set_up / unknowns, "us/unknown", quickest[2], 1e6 * quickest[1] / unknowns))
    rows.append(row(f"{name}-growth", 1e9 * step / unknowns, "ns/unknown", peer, 1e9 * each / unknowns))
    return [*rows, row(f"{name}-memory", alone("--memory", str(n))[0], "GB", "the limit", 3.5)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="without what takes minutes")
    parser.add_argument("--only", help="figures whose name begins so")
    parser.add_argument("--floor", nargs=2, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    options, _ = parser.parse_known_args()
    if options.memory:
        ours(jittered(options.memory))
        print(memory())
        return
    if options.floor:
        print(*floor(*options.floor))
        return
    loaded, run = cpu(compiled)
    first, _ = cpu(lambda: transient(quarter(*OURS["brick-A-1"][0]), 1e-2, run))
    large_enough = jittered(35)
    general_first, _ = cpu(lambda: ours(large_enough))
    print(f"start-up, in no figure: compiled code of boxes {loaded + first:.2f} s of CPU, of the general path {general_first:.2f} s")
    peers = installed()
    rows: list[dict[str, Any]] = []

    def wanted(name: str) -> bool:
        return name.startswith(options.only or "")

    for name, brick, n_steps in (("brick-21609", uniform(20, 48), 100), ("brick-182329", uniform(60, 48), 10)):
        if wanted(name) and not (options.quick and name.endswith("182329")):
            rows.append(same_mesh(name, brick, run, peers, n_steps))
    rows += [to_accuracy(name, run, peers) for name in OURS if wanted(name) and not (options.quick and name == "brick-B-0.1")]
    if any(wanted(name) for name in FLOORS):
        speed = bandwidth()
        print(f"triad: {speed / 1e9:.3g} GB/s, so 24 bytes take {24e9 / speed:.3g} ns")
    for name, size in FLOORS.items():
        if wanted(name):
            each, n, most = alone("--floor", *map(str, size))
            print(f"{name}: {n:.4g} unknowns")
            rows.append(row(name, 1e9 * each, "ns/unknown", "24 bytes at the triad's speed", 24e9 / speed))
            rows.append(row(f"{name}-memory", most, "GB", "the limit", 0.5))
    if wanted("general"):
        _, step, *_ = ours(jittered(21))
        rows.append(row("general-10k-growth", 1e9 * step / 22**3, "ns/unknown", "none", np.nan))
        rows += general("general-104k", 46, peers)
        rows += [] if options.quick else general("general-1030k", 100, peers)
    if wanted("variable"):
        table = Table(
            tuple(Quantity.of(value, "temperature") for value in (200.0, 600.0)),
            tuple(Quantity.of(value, "thermal conductivity") for value in (0.10, 0.20)),
        )
        mesh = jittered(46)
        _, plain, once, _ = ours(mesh)
        _, varied, each, _ = ours(mesh, table)
        rows.append(row("variable-k-104k", each, "s/solve", "ours with constant k", once))
        rows.append(row("variable-k-104k-step", varied, "s/step", "ours with constant k", plain))
    show(rows)


if __name__ == "__main__":
    main()
