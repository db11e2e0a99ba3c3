"""Points of a study in a process of its own: for each a line of JSON from stdin, its outcome to stdout.

`python -m thermo.app.one_point PARENT`, the process that asks.
"""

from __future__ import annotations

import json
import sys

from thermo.studies.engine import settle
from thermo.studies.points import Job, Yes, outcome_of


def main() -> None:
    """Say that it is ready, then run points until there are no more."""
    settle(int(sys.argv[1]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        (text, path, settings, wanted, yes, folder), point = json.loads(line)
        job = Job(text, path, tuple(settings), wanted, Yes.model_validate(yes) if yes else None, folder)
        sys.stdout.write(json.dumps(outcome_of(job, point)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
