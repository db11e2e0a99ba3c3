"""Colours, sizes and units of every picture, once."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from thermo.base.constants import ZERO_CELSIUS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 150
WIDTH = 1400 / DPI  # inches: 1400 pixels
TEXT, SMALL = 9.0, 8.0  # points
INK, FAINT = "#1a1a1a", "#8c8c8c"
COLOUR_MAP = "inferno"  # perceptually uniform, reads in grey
MOST_LETTERS = 72  # of a line of a title
WHOLE = "\u00a0"  # a space at which no line ends
THIN = 0.2  # of its length: a body that is thinner is drawn thicker
PATCH = "#00c8ff"  # stands out from every colour of the map
MEMBERS = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#e69f00", "#56b4e9", "#000000")  # Okabe and Ito, the purple made darker
PROBES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.2, 1.5)), (0, (6, 2, 1.2, 2)), (0, (10, 3)), (0, (4, 2, 1.2, 2, 1.2, 2)))
PHASES = {  # the lighter the quieter, so that they part in grey too
    "wait": "#f6f6f6",
    "seek": "#e0ebf5",
    "heat": "#fbe6ba",
    "exotherm": "#fbdcd0",
    "runaway": "#f3b5a6",
}
OTHER_PHASE = "#e4e4e4"
MARKERS = {"T1": "o", "T2": "^", "T3": "*", "cessation": "s"}


def colour(number: int, of: int = 1) -> str:
    """The colour of a member by its place in a study of so many; of more than there are good colours, one on a scale."""
    if of <= len(MEMBERS):
        return MEMBERS[number % len(MEMBERS)]
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return to_hex(colormaps["turbo"](number / (of - 1)))


def celsius(kelvin: Any) -> Any:
    """K to degC, numbers and arrays."""
    return kelvin - ZERO_CELSIUS


def degrees(kelvin: float) -> str:
    """A temperature as people read it.

    >>> degrees(408.67)
    '135.5 °C'
    """
    return f"{celsius(kelvin):.1f} °C"


def span(kelvin: Any) -> str:
    """From the lowest to the highest of some temperatures.

    >>> span([298.15, 472.15])
    '25.0 to 199.0 °C'
    """
    return f"{celsius(float(np.min(kelvin))):.1f} to {degrees(float(np.max(kelvin)))}"


def time_text(seconds: float, digits: int = 3) -> str:
    """A time in a fitting unit.

    >>> time_text(1.9897e-6), time_text(1e-5), time_text(7200.0)
    ('1.99 µs', '10 µs', '2 h')
    """
    for unit, size in (("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(seconds) >= size * (2.0 if unit in ("h", "min") else 1.0) * (1.0 - 1e-9):
            return f"{seconds / size:.{digits}g} {unit}"
    return f"{seconds / 1e-9:.{digits}g} ns" if seconds else "0 s"


def time_unit(seconds: float) -> tuple[str, float]:
    """The unit for an axis of that length, and its size [s]."""
    return ("h", 3600.0) if seconds > 7200.0 else ("min", 60.0) if seconds > 300.0 else ("s", 1.0)


def length_unit(metres: float) -> tuple[str, float]:
    """The unit for a body of that size, and how many of it make a metre."""
    return ("µm", 1e6) if metres < 1e-3 else ("mm", 1e3) if metres < 1.0 else ("m", 1.0)


def round_range(low: float, high: float) -> tuple[float, float, list[float]]:
    """A range that fits the given one, with ends on quarters of the step between its ticks; and the ticks.

    >>> round_range(24.85, 199.85)
    (25.0, 200.0, [25.0, 40.0, 60.0, 80.0, 100.0, 120.0, 140.0, 160.0, 180.0, 200.0])
    >>> round_range(24.9, 702.0)
    (25.0, 725.0, [25.0, 100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0])
    """
    span = max(high - low, 1e-9 * max(abs(low), abs(high)), 1e-3)
    power = 10.0 ** math.floor(math.log10(span / 8.0))
    step = next(power * n for n in (1.0, 2.0, 5.0, 10.0) if power * n >= span / 10.0)
    quarter = 0.25 * step
    # a start at 298.15 K is 25 degC enough
    start, end = math.floor(low / quarter + 0.04) * quarter, math.ceil(high / quarter - 0.04) * quarter
    end = max(end, start + step)
    first, last = math.ceil(start / step - 1e-9), math.floor(end / step + 1e-9)
    inner = [round(i * step, 9) for i in range(first, last + 1)]
    ends = [round(place, 9) for place in (start, end) if min(abs(place - tick) for tick in inner) > 0.4 * step]
    return round(start, 9), round(end, 9), sorted({*inner, *ends})


def stretch(length: float, thickness: float) -> float:
    """How many times its thickness a body of a length is drawn, where it would be a line: a round number, 1 where it is thick enough.

    >>> stretch(58.0, 0.6), stretch(65.0, 9.0)
    (10.0, 1.0)
    """
    wanted = THIN * length / thickness if thickness > 0.0 else 1.0
    if wanted < 2.0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(wanted))
    return float(max(power * n for n in (1.0, 2.0, 5.0) if power * n <= wanted))


def fitting(text: str, size: float, width: float) -> float:
    """The size of text at which its longest line fits a width, at most the given size; a bold letter is 0.7 wide on average."""
    longest = max((len(line) for line in text.splitlines()), default=0)
    return min(size, width / (0.7 * max(longest, 1)))


def heading(name: str, moment: str, width: int) -> str:
    """A title and its moment in two lines at most of about that many characters; a title that is much longer is cut."""
    for longest in range(width, MOST_LETTERS + 1):
        whole = f"{name}, {moment.replace(' ', WHOLE)}"
        lines = textwrap.wrap(whole, longest)
        if len(lines) <= 2:
            return "\n".join(lines).replace(WHOLE, " ")
    return f"{name[: MOST_LETTERS - 1]}…\n{moment}"


def figure(width: float, height: float) -> Figure:
    """An empty figure of that size [inches] with a canvas of its own; nothing global is touched."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made: Any = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    made.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    FigureCanvasAgg(made)
    return made  # type: ignore[no-any-return]


def dress(axes: Any, x: str, y: str, title: str = "", colour: str = INK) -> None:
    """Labels and the look of a pair of axes."""
    axes.set_xlabel(x, fontsize=TEXT, color=INK)
    axes.set_ylabel(y, fontsize=TEXT, color=INK)
    axes.tick_params(which="both", labelsize=SMALL, direction="out", width=0.6, color=INK, labelcolor=INK)
    for name, spine in axes.spines.items():
        spine.set_linewidth(0.6)
        spine.set_visible(name in ("left", "bottom"))
    if title:
        axes.set_title(title, fontsize=TEXT + 1, fontweight="bold", color=colour, loc="left")


def png(made: Figure) -> bytes:
    """A figure as PNG; the same figure gives the same bytes."""
    import io

    file = io.BytesIO()
    made.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    return file.getvalue()


def svg(made: Figure) -> bytes:
    """A figure as SVG with its letters as text; the same figure gives the same bytes."""
    import io

    from matplotlib import rc_context

    file = io.BytesIO()
    with rc_context({"svg.hashsalt": "thermo", "svg.fonttype": "none"}):
        made.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()
