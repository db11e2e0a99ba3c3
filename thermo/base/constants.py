"""Physical constants in SI."""

GAS_CONSTANT = 8.314462618  # J/(mol K), CODATA 2018
STEFAN_BOLTZMANN = 5.670374419e-8  # W/(m2 K4), CODATA 2018
ZERO_CELSIUS = 273.15  # K
REFERENCE_TEMPERATURE = 298.15  # K, where lumped heat capacities are stated
