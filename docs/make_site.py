"""Build the site: `python docs/make_site.py OUT`; `--quick` without the scenes of the tutorials, which need their cases to run."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent


def main() -> None:
    """Build the pages with Sphinx, warnings as errors, then write the scenes."""
    parser = argparse.ArgumentParser(description="Build the site.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--quick", action="store_true", help="leave the scenes out")
    given = parser.parse_args()
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", str(given.out / ".doctrees")]
    subprocess.run([*command, str(DOCS), str(given.out)], cwd=DOCS.parent, check=True)
    if not given.quick:
        subprocess.run([sys.executable, str(DOCS / "tutorials.py"), "--site", str(given.out.resolve())], cwd=DOCS.parent, check=True)


if __name__ == "__main__":
    main()
