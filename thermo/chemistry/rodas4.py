"""RODAS4: its coefficients, its dense output, and when its error estimate is not enough for chemistry.

Hairer & Wanner, Solving Ordinary Differential Equations II, 1996: six stages, order 4(3), L-stable, stiffly accurate. A lumped cell and
a node of a mesh that reacts take it.
"""

from __future__ import annotations

import numpy as np

from thermo.base.compiled import kernel

RISE_OF_STIFF = 0.5  # of the logarithm of a rate constant within a step, once its reactant is over
GAMMA = 0.25
N_STAGES = 6
A = np.zeros((6, 5))
A[1, 0] = 1.544
A[2, :2] = 0.9466785280815826, 0.2557011698983284
A[3, :3] = 3.314825187068521, 2.896124015972201, 0.9986419139977817
A[4, :4] = 1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895
A[5, :5] = 1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895, 1.0
C = np.zeros((6, 5))
C[1, 0] = -5.6688
C[2, :2] = -2.430093356833875, -0.2063599157091915
C[3, :3] = -0.1073529058151375, -9.594562251023355, -20.47028614809616
C[4, :4] = 7.496443313967647, -10.24680431464352, -33.99990352819905, 11.7089089320616
C[5, :5] = 8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054
D = np.zeros((2, 5))
D[0] = 10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823, 1.025137723295662
D[1] = -0.6762803392801253, 6.087714651680015, 16.43084320892478, 24.76722511418386, -6.594389125716872
ALPHA = np.array([0.0, 0.386, 0.21, 0.63, 1.0, 1.0])
GAMMA_SUM = np.array([0.25, -0.1043, 0.1035, -0.0362, 0.0, 0.0])


@kernel
def dense(stages, theta):
    """Change of one row at theta from its six stage values."""
    whole = stages[5]
    for j in range(5):
        whole += A[5, j] * stages[j]
    if theta == 1.0:
        return whole
    first, second = 0.0, 0.0
    for j in range(5):
        first += D[0, j] * stages[j]
        second += D[1, j] * stages[j]
    return theta * (whole + (1.0 - theta) * (first + theta * second))


@kernel
def ending(mechanism, extent, error, m, tolerance):
    """Error of a reactant that factor m, such as an order under one, ends at once, over what its rate can stand.

    `extent` and `error` (n_reactions,) at the end of the step; the error may be `tolerance` times what is left.
    """
    species, least = mechanism.factor_species[m], mechanism.factor_least[m]
    left, wrong = mechanism.start[species], 0.0
    for k in range(extent.shape[0]):
        left += mechanism.stoichiometry[k, species] * extent[k]
        wrong += mechanism.stoichiometry[k, species] * error[k]
    return abs(wrong) / max(least, tolerance * abs(left))
