"""A chart as inline SVG, drawn once for wide pages and once for narrow ones, with the numbers that its script reads under the pointer."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from viz import theme

Floats = npt.NDArray[np.float64]
MOST_POINTS = 320  # pieces of a curve, of which the least and the largest value are kept: peaks stay
MOST_NAMES = 9  # of curves beside the chart
HALF_LETTER = 3.6  # px: half of what a digit takes
LINE = 15.0  # height of a line of text [px]


class Curve(NamedTuple):
    """A line of a chart; with `below` an area from there up to it, with `dots` a dot for each point.

    `starts` are the numbers of the points at which the line begins anew, behind a gap.
    """

    name: str
    colour: str
    x: Floats
    y: Floats
    dash: str = ""
    below: Floats | None = None
    dots: bool = False
    starts: Sequence[int] = ()


class Mark(NamedTuple):
    """A place of a chart worth naming."""

    x: float
    y: float
    text: str
    colour: str


class Chart(NamedTuple):
    """What a chart shows. `x_ticks` are places and their words where the axis is no plain one, `log` says that y is a power of ten.

    `x_range`, `y_range` are what is seen; `shades` are (name, from, to) along x, `levels` (y, words) across.
    """

    title: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_unit: str = ""
    y_unit: str = "°C"
    shades: Sequence[tuple[str, float, float]] = ()
    levels: Sequence[tuple[float, str]] = ()
    marks: Sequence[Mark] = ()
    log: bool = False
    x_ticks: Sequence[tuple[float, str]] = ()
    caption: str = ""


class Size(NamedTuple):
    """A drawing for a width of page: its class, its width and height, the room left and right of the axes, about how many ticks."""

    kind: str
    width: float
    height: float
    left: float
    right: float
    ticks: int


SIZES = (Size("wide", 860.0, 330.0, 62.0, 170.0, 9), Size("narrow", 380.0, 320.0, 50.0, 14.0, 5))


def thinned(x: Floats, y: Floats, pieces: int = MOST_POINTS) -> tuple[Floats, Floats]:
    """A curve with few points: of each of so many pieces along x its least and its largest value, so that peaks stay."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) <= 2 * pieces:
        return x, y
    ends = np.searchsorted(x, np.linspace(x[0], x[-1], pieces + 1))
    kept = {0, len(x) - 1}
    for first, last in itertools.pairwise(ends):
        if last > first:
            kept |= {int(first + np.argmin(y[first:last])), int(first + np.argmax(y[first:last]))}
    at = np.array(sorted(kept))
    return x[at], y[at]


def covering(values: Sequence[Floats], share: float = 0.06, floor: float | None = None) -> tuple[float, float]:
    """A range a little wider than all finite values; from `floor` where none lies below it."""
    every = np.concatenate([np.asarray(v, float)[np.isfinite(v)] for v in values]) if len(values) else np.zeros(0)
    low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
    span = max(high - low, 1e-9 * max(abs(low), abs(high)), 1e-12)
    return (floor if floor is not None and low >= floor else low - share * span), high + share * span


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers within a range, about so many."""
    span = high - low
    power = 10.0 ** math.floor(math.log10(span / about))
    step = next(power * n for n in (1.0, 2.0, 5.0, 10.0) if power * n >= span / about * (1.0 - 1e-9))
    return [round(i * step, 12) for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def apart(places: Sequence[float], least: float, lowest: float) -> list[float]:
    """Heights of words that stand at least so far from each other, from top to bottom in their order, none below `lowest`."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    found = list(places)
    for before, after in itertools.pairwise(order):
        found[after] = max(found[after], found[before] + least)
    for i, at in enumerate(reversed(order)):
        found[at] = min(found[at], lowest - i * least)
    return found


class Axes:
    """Places of a drawing [px] of values of a chart."""

    def __init__(self, chart: Chart, size: Size) -> None:
        names = 0 if size.kind == "wide" or len(chart.curves) < 2 else min(len(chart.curves), MOST_NAMES)
        self.chart, self.size = chart, size
        self.left, self.right = size.left, size.width - (size.right if len(chart.curves) > 1 else 14.0)
        self.top, self.bottom = 14.0 + LINE * names, size.height - 44.0

    def x(self, value: float) -> float:
        """Where a value lies along the axis."""
        low, high = self.chart.x_range
        return self.left + (self.right - self.left) * (value - low) / (high - low)

    def y(self, value: float) -> float:
        """Where a value lies above the axis."""
        low, high = self.chart.y_range
        return self.bottom + (self.top - self.bottom) * (value - low) / (high - low)


def figure(chart: Chart, number: int) -> Markup:
    """The chart as an HTML figure; `number` makes its names unlike those of the others of the page."""
    drawings = Markup("").join(_drawing(Axes(chart, size), f"{number}-{size.kind}") for size in SIZES)
    phases = [name for name in dict.fromkeys(name for name, _, _ in chart.shades) if name in theme.PHASES]
    swatch = Markup(
        '<span class="swatch"><svg viewBox="0 0 10 8" aria-hidden="true"><rect width="10" height="8" fill="{}"/></svg>{}</span>'
    )
    legend = Markup("").join(swatch.format(theme.PHASES[name], name) for name in phases)
    caption = Markup("<figcaption>{}</figcaption>").format(chart.caption) if chart.caption else Markup("")
    whole = Markup('<figure class="chart"><figcaption><b>{}</b>{}</figcaption>{}{}<script type="application/json">{}</script></figure>')
    return whole.format(chart.title, legend, drawings, caption, _numbers(chart))


def _numbers(chart: Chart) -> Markup:
    """What the script of the page reads: limits, units, curves. No '<' is in it, so that no name can end it."""
    series = [
        {"n": curve.name, "c": curve.colour, "x": [_short(v) for v in curve.x], "y": [_short(v) for v in curve.y]} for curve in chart.curves
    ]
    data = {"x": chart.x_range, "y": chart.y_range, "xu": chart.x_unit, "yu": chart.y_unit, "log": chart.log, "s": series}
    data["plain"] = not chart.x_ticks
    data["dots"] = any(curve.dots for curve in chart.curves)
    return Markup(json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704 - escaped just here


def _short(value: float) -> float:
    """A number with as many digits as a pixel needs."""
    return float(f"{value:.6g}")


def _drawing(axes: Axes, name: str) -> Markup:
    """One SVG."""
    chart, size = axes.chart, axes.size
    head = Markup(
        '<svg class="{}" viewBox="0 0 {:g} {:g}" data-box="{:g} {:g} {:g} {:g}" role="img" aria-label="{}">'
        '<clipPath id="clip-{}"><rect x="{:g}" y="{:g}" width="{:g}" height="{:g}"/></clipPath>'
    ).format(
        size.kind, size.width, size.height, axes.left, axes.right, axes.bottom, axes.top, _alternative(chart),
        name, axes.left, axes.top, axes.right - axes.left, axes.bottom - axes.top,
    )  # fmt: skip
    parts = [head, *_shades(axes), *_frame(axes), *_levels(axes), *_curves(axes, name), *_names(axes), *_marks(axes)]
    return Markup("").join([*parts, Markup('<g class="tip"></g></svg>')])


def _alternative(chart: Chart) -> str:
    """What a reader hears who does not see the chart."""
    said = []
    for curve in chart.curves[:MOST_NAMES]:
        known = curve.y[np.isfinite(curve.y)]
        if len(known):
            low, high = (10.0 ** float(v) if chart.log else float(v) for v in (known.min(), known.max()))
            said.append(f"{curve.name} from {low:.4g} to {high:.4g} {chart.y_unit}")
    return f"{chart.title}: {chart.y_label} over {chart.x_label}. " + "; ".join(said)


def _shades(axes: Axes) -> list[Markup]:
    low, high = axes.chart.x_range
    found = []
    for name, start, end in axes.chart.shades:
        a, b = axes.x(max(start, low)), axes.x(min(end, high))
        if b > a:
            rect = Markup('<rect x="{:.1f}" y="{:g}" width="{:.1f}" height="{:g}" fill="{}"/>')
            colour = theme.PHASES.get(name, theme.OTHER_PHASE)
            found.append(rect.format(a, axes.top, b - a, axes.bottom - axes.top, colour))
    return found


def _frame(axes: Axes) -> list[Markup]:
    """Axes, their numbers and words."""
    chart, found = axes.chart, []
    along = chart.x_ticks or [(t, f"{t:g}") for t in ticks(*chart.x_range, axes.size.ticks)]
    for place, word in along[:: 1 if axes.size.kind == "wide" or not chart.x_ticks or len(along) < 8 else 2]:
        if chart.x_range[0] <= place <= chart.x_range[1]:
            tick = Markup('<path d="M{:.1f} {:g}v5" class="line"/><text x="{:.1f}" y="{:g}" text-anchor="middle">{}</text>')
            inside = min(axes.x(place), axes.size.width - HALF_LETTER * len(word))
            found.append(tick.format(axes.x(place), axes.bottom, inside, axes.bottom + 18.0, word))
    if chart.log:
        every = max(1, round((chart.y_range[1] - chart.y_range[0]) / 8.0))
        up = [(float(p), f"{10.0**p:g}") for p in range(math.ceil(chart.y_range[0]), math.floor(chart.y_range[1]) + 1) if p % every == 0]
    else:
        up = [(t, f"{t:g}") for t in ticks(*chart.y_range, 6)]
    for place, word in up:
        grid = Markup('<path d="M{:g} {:.1f}H{:g}" class="grid"/><text x="{:g}" y="{:.1f}" text-anchor="end">{}</text>')
        found.append(grid.format(axes.left, axes.y(place), axes.right, axes.left - 6.0, axes.y(place) + 4.0, word))
    middle, height = 0.5 * (axes.left + axes.right), 0.5 * (axes.top + axes.bottom)
    ends = Markup('<path d="M{:g} {:g}V{:g}H{:g}" class="line"/><text x="{:g}" y="{:g}" text-anchor="middle">{}</text>')
    found.append(ends.format(axes.left, axes.top, axes.bottom, axes.right, middle, axes.size.height - 6.0, chart.x_label))
    words = Markup('<text transform="translate(12 {:g}) rotate(-90)" text-anchor="middle">{}</text>')
    return [*found, words.format(height, chart.y_label)]


def _levels(axes: Axes) -> list[Markup]:
    low, high = axes.chart.y_range
    line = Markup('<path d="M{:g} {:.1f}H{:g}" class="level"/><text x="{:g}" y="{:.1f}" class="halo faint">{}</text>')
    return [
        line.format(axes.left, axes.y(level), axes.right, axes.left + 5.0, axes.y(level) - 4.0, words)
        for level, words in axes.chart.levels
        if low <= level <= high
    ]


def _curves(axes: Axes, name: str) -> list[Markup]:
    found = []
    for curve in axes.chart.curves:
        if not len(curve.x):
            continue
        if curve.dots:
            dot = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}" fill-opacity=".65"/>')
            found += [dot.format(axes.x(a), axes.y(b), curve.colour) for a, b in zip(curve.x, curve.y, strict=True)]
            continue
        places = [f"{axes.x(a):.1f},{axes.y(b):.1f}" for a, b in zip(curve.x, curve.y, strict=True)]
        points = " ".join(places)
        if curve.below is not None:
            back = zip(curve.x[::-1], curve.below[::-1], strict=True)
            points += " " + " ".join(f"{axes.x(a):.1f},{axes.y(b):.1f}" for a, b in back)
            area = Markup('<polygon clip-path="url(#clip-{})" points="{}" fill="{}" fill-opacity=".75"/>')
            found.append(area.format(name, points, curve.colour))
            continue
        line = Markup('<polyline clip-path="url(#clip-{})" points="{}" stroke="{}" stroke-dasharray="{}" class="curve"/>')
        for first, last in itertools.pairwise((0, *curve.starts, len(places))):
            found.append(line.format(name, " ".join(places[first:last]), curve.colour, curve.dash or "none"))
    return found


def _names(axes: Axes) -> list[Markup]:
    """The names of the curves: at their ends, or above a narrow chart."""
    shown = [curve for curve in axes.chart.curves if len(curve.x)]
    if len(shown) < 2:
        return []
    text = Markup('<text x="{:g}" y="{:.1f}" fill="{}" class="name">{}</text>')
    few = shown[:MOST_NAMES]
    rest = [Markup('<text x="{:g}" y="{:.1f}" class="faint">and {} more</text>')] if len(shown) > MOST_NAMES else []
    if axes.size.kind == "narrow":
        made = [text.format(axes.left, 12.0 + LINE * i, c.colour, _cut(c.name, 44)) for i, c in enumerate(few)]
        return made + [words.format(axes.right - 70.0, 12.0, len(shown) - MOST_NAMES) for words in rest]
    low, high = axes.chart.y_range
    ends = [axes.y(min(max(float(c.y[-1] if c.below is None else 0.5 * (c.y[-1] + c.below[-1])), low), high)) for c in few]
    places = apart(ends, LINE, axes.bottom)
    made = [text.format(axes.right + 8.0, y + 4.0, c.colour, _cut(c.name, 23)) for y, c in zip(places, few, strict=True)]
    return made + [words.format(axes.right + 8.0, axes.bottom + 18.0, len(shown) - MOST_NAMES) for words in rest]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _marks(axes: Axes) -> list[Markup]:
    """Marked places with their words, which keep off each other and within the frame."""
    (a, b), (c, d) = axes.chart.x_range, axes.chart.y_range
    seen = [mark for mark in axes.chart.marks if a <= mark.x <= b and c <= mark.y <= d]
    heights = apart([axes.y(mark.y) - 7.0 for mark in seen], LINE, axes.bottom - 4.0)
    dot = Markup(
        '<circle cx="{:.1f}" cy="{:.1f}" r="4.5" fill="{}" stroke="#fff" stroke-width="1.5"/>'
        '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="{}" class="halo">{}</text>'
    )
    found = []
    for mark, height in zip(seen, heights, strict=True):
        left = axes.x(mark.x) > 0.5 * (axes.left + axes.right)
        place, anchor = axes.x(mark.x) + (-9.0 if left else 9.0), "end" if left else "start"
        height = max(height, axes.top + 11.0)
        found.append(dot.format(axes.x(mark.x), axes.y(mark.y), mark.colour, place, height, anchor, mark.colour, mark.text))
    return found
