"""Records of instruments: reading, doctoring, T1, T2, T3 and kinetics read off them."""
