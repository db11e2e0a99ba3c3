"""Bars beside names: what moves a result, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from viz.report.chart import Size, ticks

SIZES = (Size("wide", 860.0, 0.0, 250.0, 150.0, 7), Size("narrow", 380.0, 0.0, 8.0, 14.0, 4))
ROW, NARROW_ROW, EDGE = 26.0, 44.0, 46.0  # height of a row, of one whose name stands above it, of the axis [px]


class Bar(NamedTuple):
    """A bar from one value to another, perhaps with an interval, and what is written after it."""

    name: str
    start: float
    end: float
    text: str
    colour: str
    interval: tuple[float, float] | None = None


class Bars(NamedTuple):
    """Bars below each other on one axis; `base` is where a line stands."""

    title: str
    bars: Sequence[Bar]
    label: str
    caption: str = ""
    base: float | None = None

    @property
    def span(self) -> tuple[float, float]:
        """What is seen of the axis: a little more than all bars and intervals."""
        values = [value for bar in self.bars for value in (bar.start, bar.end, *(bar.interval or ()))]
        values += [] if self.base is None else [self.base]
        low, high = min(values, default=0.0), max(values, default=1.0)
        margin = 0.03 * max(high - low, 1e-12)
        return low - margin, high + margin


def figure(drawn: Bars) -> Markup:
    """The bars as an HTML figure."""
    drawings = Markup("").join(_drawing(size, drawn) for size in SIZES)
    words = Markup("<figcaption>{}</figcaption>").format(drawn.caption) if drawn.caption else Markup("")
    return Markup('<figure class="chart bare"><figcaption><b>{}</b></figcaption>{}{}</figure>').format(drawn.title, drawings, words)


def _drawing(size: Size, drawn: Bars) -> Markup:
    title, bars, label, _, base = drawn
    narrow, span = size.kind == "narrow", drawn.span
    step = NARROW_ROW if narrow else ROW
    height = step * len(bars) + EDGE
    left, right, bottom = size.left, size.width - size.right, step * len(bars) + 4.0

    def x(value: float) -> float:
        return left + (right - left) * (value - span[0]) / (span[1] - span[0])

    said = "; ".join(f"{bar.name}: {bar.text}" for bar in bars)
    parts = [
        Markup('<svg class="{}" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">').format(
            size.kind, size.width, height, f"{title}. {said}"
        )
    ]
    for tick in ticks(*span, size.ticks):
        mark = Markup('<path d="M{:.1f} 0V{:g}" class="grid"/><text x="{:.1f}" y="{:g}" text-anchor="middle">{:g}</text>')
        parts.append(mark.format(x(tick), bottom, x(tick), bottom + 16.0, tick))
    if base is not None:
        parts.append(Markup('<path d="M{:.1f} 0V{:g}" class="line"/>').format(x(base), bottom))
    for i, bar in enumerate(bars):
        top = step * i + (18.0 if narrow else 5.0)
        a, b = sorted((x(bar.start), x(bar.end)))
        rect = Markup('<rect x="{:.1f}" y="{:g}" width="{:.1f}" height="16" fill="{}"/>')
        parts.append(rect.format(a, top, max(b - a, 1.0), bar.colour))
        if bar.interval is not None:
            whisker = Markup('<path d="M{:.1f} {:g}H{:.1f}M{:.1f} {:g}v8M{:.1f} {:g}v8" class="line"/>')
            u, v = (x(value) for value in bar.interval)
            parts.append(whisker.format(u, top + 8.0, v, u, top + 4.0, v, top + 4.0))
        name = Markup('<text x="{:g}" y="{:g}" text-anchor="{}">{}</text>')
        parts.append(
            name.format(left if narrow else left - 8.0, top - 5.0 if narrow else top + 12.5, "start" if narrow else "end", short(bar.name))
        )
        if not narrow:
            parts.append(Markup('<text x="{:g}" y="{:g}" class="faint">{}</text>').format(right + 8.0, top + 12.5, bar.text))
    middle = 0.5 * (left + right)
    parts.append(Markup('<text x="{:g}" y="{:g}" text-anchor="middle">{}</text></svg>').format(middle, height - 6.0, label))
    return Markup("").join(parts)


def short(name: str) -> str:
    """The end of a dotted key that is too long: its last words tell it apart."""
    return name if len(name) <= 36 else "…" + name[-35:]
