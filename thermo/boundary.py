"""Conditions on faces: data only."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from thermo.materials import Temperature
from thermo.reader import Frozen


class Held(Frozen):
    """A face held at a temperature from t = 0+ on."""

    kind: Literal["held"]
    temperature: Temperature


# insulated is what a face without a condition is
Condition = Annotated[Held, Field()]
