"""Thermal runaway and heat propagation in lithium batteries.

What a program of its own needs is here, and nothing else is promised to stay as it is:

`read_case`      a case file, checked
`run`            a case put through its programme
`simulate_many`  a lumped case for each row of a table
`load`           a result from its folder
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thermo.app.loaded import load
    from thermo.case.case import read_case
    from thermo.simulation.simulate import run
    from thermo.studies.batch import simulate_many

__version__ = "0.1.0"
__all__ = ["load", "read_case", "run", "simulate_many"]
_HOMES = {"load": "app.loaded", "read_case": "case.case", "run": "simulation.simulate", "simulate_many": "studies.batch"}


def __getattr__(name: str) -> Any:
    """A public name, loaded when it is first asked for: importing the package alone is quick."""
    if name in _HOMES:
        return getattr(import_module(f"thermo.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'thermo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
