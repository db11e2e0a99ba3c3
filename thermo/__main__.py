"""python -m thermo"""

from thermo.cli import main

main()
