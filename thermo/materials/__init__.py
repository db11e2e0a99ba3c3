"""Materials: conductivity, density and heat capacity over temperature, enthalpy, the library's entries."""
