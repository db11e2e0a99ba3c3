"""A point of a study in a process of its own: from stdin as JSON, its outcome to stdout. `python -m thermo.app.one_point`."""

from __future__ import annotations

import json
import sys

from thermo.studies.points import Job, Yes, outcome_of


def main() -> None:
    """Run the point."""
    (text, path, settings, wanted, yes, folder), point = json.loads(sys.stdin.read())
    job = Job(text, path, tuple(settings), wanted, Yes.model_validate(yes) if yes else None, folder)
    sys.stdout.write(json.dumps(outcome_of(job, point)))


if __name__ == "__main__":
    main()
