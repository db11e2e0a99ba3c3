"""A result over two inputs as coloured cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from viz.report.chart import Floats

COLOUR_MAP = "viridis"
MOST_NUMBERS = 6  # upwards
STEPS = 21  # of the scale of colours


class Map(NamedTuple):
    """A result at points (n,) of two inputs; NaN where a point has none. The points lie on a grid, which they need not fill."""

    title: str
    x_label: str
    y_label: str
    label: str
    x: Floats
    y: Floats
    values: Floats

    def cells(self) -> tuple[Floats, Floats, Floats]:
        """The values along each axis, and the result (len(y), len(x)) of each cell."""
        (across, i), (up, j) = (np.unique(column, return_inverse=True) for column in (self.x, self.y))
        made = np.full((len(up), len(across)), np.nan)
        made[j, i] = self.values
        return across, up, made


class Frame(NamedTuple):
    """A drawing for a width of page: its class and size, where the cells begin and how large they are together, numbers along x [px]."""

    kind: str
    width: float
    height: float
    left: float
    wide: float
    tall: float
    most: int


FRAMES = (Frame("wide", 860.0, 352.0, 90.0, 560.0, 300.0, 6), Frame("narrow", 380.0, 340.0, 58.0, 240.0, 280.0, 4))


def figure(drawn: Map) -> Markup:
    """The map as an HTML figure."""
    frame = Markup(
        '<figure class="chart bare"><figcaption><b>{}</b> {}</figcaption>{}'
        "<figcaption>Points without the result are grey.</figcaption></figure>"
    )
    return frame.format(drawn.title, drawn.label, Markup("").join(_drawing(drawn, size) for size in FRAMES))


def _drawing(drawn: Map, size: Frame) -> Markup:
    """One SVG."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    across, up, cells = drawn.cells()
    low, high = (float(np.nanmin(cells)), float(np.nanmax(cells))) if np.isfinite(cells).any() else (0.0, 1.0)
    wide, tall, top = size.wide / len(across), size.tall / len(up), 8.0
    said = f"{drawn.title} of {drawn.label}, from {low:.4g} to {high:.4g}"
    head = Markup('<svg class="{}" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">').format(size.kind, size.width, size.height, said)
    parts = [head]
    cell = Markup('<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" fill="{}"><title>{}</title></rect>')
    for (row, i), value in np.ndenumerate(cells):
        share = (value - low) / (high - low) if high > low else 0.5
        shade = to_hex(colormaps[COLOUR_MAP](share)) if np.isfinite(value) else "#eeeeee"
        words = f"{drawn.x_label} {across[i]:g}, {drawn.y_label} {up[row]:g}: {value:.5g}"
        parts.append(cell.format(size.left + i * wide, top + (len(up) - 1 - row) * tall, wide + 0.3, tall + 0.3, shade, words))
    bottom = top + size.tall
    number = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
    for k in _few(len(across), size.most):
        parts.append(number.format(size.left + (k + 0.5) * wide, bottom + 18.0, "middle", f"{across[k]:g}"))
    for k in _few(len(up), MOST_NUMBERS):
        parts.append(number.format(size.left - 6.0, top + 4.0 + (len(up) - 0.5 - k) * tall, "end", f"{up[k]:g}"))
    bar, step = size.left + size.wide + 14.0, size.tall / STEPS
    for k in range(STEPS):
        rect = Markup('<rect x="{:.1f}" y="{:.1f}" width="14" height="{:.2f}" fill="{}"/>')
        parts.append(rect.format(bar, bottom - (k + 1) * step, step + 0.3, to_hex(colormaps[COLOUR_MAP](k / (STEPS - 1.0)))))
    parts += [number.format(bar + 19.0, bottom, "start", f"{low:.4g}"), number.format(bar + 19.0, top + 10.0, "start", f"{high:.4g}")]
    parts.append(number.format(size.left + 0.5 * size.wide, size.height - 6.0, "middle", drawn.x_label))
    label = Markup('<text transform="translate(14 {:.1f}) rotate(-90)" text-anchor="middle">{}</text></svg>')
    return Markup("").join([*parts, label.format(top + 0.5 * size.tall, drawn.y_label)])


def _few(n: int, most: int) -> list[int]:
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(int)).tolist()  # type: ignore[no-any-return]
