"""Rates and heats of reactions from calorimeters' records: grammar, records as sections, forward model, least squares, intervals, words."""
