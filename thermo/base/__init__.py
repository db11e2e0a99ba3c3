"""What everything else stands on: constants, errors, kernels that run interpreted and compiled."""
