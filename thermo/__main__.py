"""python -m thermo"""

from thermo.app.cli import main

main()
