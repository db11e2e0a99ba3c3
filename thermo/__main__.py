"""python -m thermo"""

from thermorun import main

main()
