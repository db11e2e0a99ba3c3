"""Another package of the package index, a library of chemical properties, is imported as `thermo` too; one environment has room for one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence


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
