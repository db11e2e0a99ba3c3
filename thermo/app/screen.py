"""What stands on the screen: answers, complaints, how far a run is. The only module that prints."""

from __future__ import annotations

import sys
import time
from typing import Any

import typer

from thermo.base.errors import printable


def say(text: str = "") -> None:
    """Lines of the answer, to stdout."""
    typer.echo("\n".join(map(printable, text.split("\n"))))


def complain(text: str) -> None:
    """A line that is not the answer, to stderr."""
    typer.echo(printable(text), err=True)


class Plain:
    """Tells of a run in plain lines, for logs and pipes: a line at most every 10 s."""

    def __init__(self, quiet: bool) -> None:
        self.quiet, self.last = quiet, time.monotonic()

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def note(self, text: str) -> None:
        """A line worth reading."""
        if not self.quiet:
            complain(text)

    def progress(self, name: str, done: float, text: str) -> None:
        """How far a run is."""
        if not self.quiet and time.monotonic() - self.last > 10.0:
            self.last = time.monotonic()
            complain(f"{name}: {done:4.0%} {text}")


class Bar:
    """Tells of a run by a bar with the time left, on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn())
        rest = (TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[where]}"))
        self.bar = Progress(*columns, *rest, console=Console(stderr=True))
        self.tasks: dict[str, Any] = {}

    def __enter__(self) -> Bar:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def note(self, text: str) -> None:
        """A line worth reading."""
        self.bar.console.print(printable(text), markup=False, highlight=False)

    def progress(self, name: str, done: float, text: str) -> None:
        """How far a run is."""
        if name not in self.tasks:
            from rich.markup import escape

            self.tasks[name] = self.bar.add_task(escape(printable(name)), total=1.0, where="")
        self.bar.update(self.tasks[name], completed=done, where=text)


def listener_of(quiet: bool) -> Any:
    """A bar on a terminal, else lines."""
    return Bar() if sys.stderr.isatty() and not quiet else Plain(quiet)
