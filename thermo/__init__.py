"""Thermal runaway and heat propagation in lithium batteries."""

__version__ = "0.1.0"
