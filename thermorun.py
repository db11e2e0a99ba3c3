"""The command `thermo`, started from a name that no other package has.

Another package of the package index, a library of chemical properties, is imported as `thermo` too, and one environment has room for one.
Where it is found first, nothing of ours below `thermo` can be imported, and so nothing there could say why.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

BAD_INPUT = 2  # as in thermo.app.cli, which is not to be imported before


def main() -> None:
    """Run a command, or end with one sentence where the other package is in the way."""
    other = in_the_way(sys.path, os.path.dirname(__file__))
    if other is not None:
        print(f"error: {other}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    from thermo.app.cli import main as command

    command()


def in_the_way(path: Sequence[str], home: str) -> str | None:
    """What is wrong where the package `thermo` is installed in `home`, the folder of ours, or in one before it on `path`; else None.

    An installer leaves a folder of that name beside what it installs. `importlib.metadata` finds it too, but takes some 20 ms to load.
    """
    ours = os.path.realpath(home)
    for folder in path:
        with contextlib.suppress(OSError):  # an archive, or a folder that is gone
            if any(name.startswith("thermo-") and name.endswith((".dist-info", ".egg-info")) for name in os.listdir(folder or ".")):
                return (
                    f"thermorun cannot run beside the package thermo (chemical properties), which is installed in {folder or '.'} "
                    "and has the same import name; install thermorun in a virtual environment of its own"
                )
        if os.path.realpath(folder) == ours:  # from here on ours is found first
            return None
    return None


if __name__ == "__main__":
    main()
