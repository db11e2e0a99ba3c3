"""Reactions at one material point: factors with their slopes, rates, mechanisms as a case names them."""
