"""How Sphinx builds the site: `python docs/site.py OUT`, or without the scenes `sphinx-build -W -b html docs OUT`."""

from thermo import __version__

project = "thermorun"
author = "the authors of thermorun"
copyright = author
release = version = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns: list[str] = []
html_theme = "furo"
html_title = f"thermorun {__version__}"
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
