"""A result over two inputs as coloured cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from viz.report.chart import Floats

COLOUR_MAP = "viridis"
MOST_NUMBERS = 6  # along an axis


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


def figure(drawn: Map) -> Markup:
    """The map as an HTML figure."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    across, up, cells = drawn.cells()
    low, high = (float(np.nanmin(cells)), float(np.nanmax(cells))) if np.isfinite(cells).any() else (0.0, 1.0)
    wide, tall = 560.0 / len(across), 300.0 / len(up)
    parts = []
    cell = Markup('<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" fill="{}"><title>{}</title></rect>')
    for (row, i), value in np.ndenumerate(cells):
        share = (value - low) / (high - low) if high > low else 0.5
        shade = to_hex(colormaps[COLOUR_MAP](share)) if np.isfinite(value) else "#eeeeee"
        said = f"{drawn.x_label} {across[i]:g}, {drawn.y_label} {up[row]:g}: {value:.5g}"
        parts.append(cell.format(90.0 + i * wide, 8.0 + (len(up) - 1 - row) * tall, wide + 0.3, tall + 0.3, shade, said))
    for k in _few(len(across)):
        parts.append(Markup('<text x="{:.1f}" y="326" text-anchor="middle">{:g}</text>').format(90.0 + (k + 0.5) * wide, across[k]))
    for k in _few(len(up)):
        parts.append(Markup('<text x="84" y="{:.1f}" text-anchor="end">{:g}</text>').format(12.0 + (len(up) - 0.5 - k) * tall, up[k]))
    for k in range(21):
        shade = to_hex(colormaps[COLOUR_MAP](k / 20.0))
        parts.append(Markup('<rect x="680" y="{:.1f}" width="18" height="14.5" fill="{}"/>').format(293.5 - k * 14.27, shade))
    ends = Markup('<text x="704" y="305">{:.5g}</text><text x="704" y="18">{:.5g}</text>').format(low, high)
    labels = Markup(
        '<text x="370" y="346" text-anchor="middle">{}</text><text transform="translate(14 160) rotate(-90)" text-anchor="middle">{}</text>'
    )
    body = Markup("").join([*parts, ends, labels.format(drawn.x_label, drawn.y_label)])
    frame = Markup(
        '<figure class="chart bare"><figcaption><b>{}</b> {}</figcaption>'
        '<svg viewBox="0 0 860 352" role="img" aria-label="{}">{}</svg>'
        "<figcaption>Points without the result are grey.</figcaption></figure>"
    )
    return frame.format(drawn.title, drawn.label, f"{drawn.title} of {drawn.label}, from {low:.4g} to {high:.4g}", body)


def _few(n: int) -> list[int]:
    return np.unique(np.linspace(0, n - 1, min(n, MOST_NUMBERS)).astype(int)).tolist()  # type: ignore[no-any-return]
