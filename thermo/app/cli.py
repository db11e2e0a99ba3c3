"""The commands. A command is a parser and a short function: read, call, say."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thermo.app.options import one_of, option
from thermo.app.screen import Plain, complain, listener_of, say
from thermo.base.errors import CaseError, FileError, FolderError, Mistake, SolveError, Stopped

if TYPE_CHECKING:
    from thermo.casefile.reader import Document

DONE, BUG, BAD_INPUT, NUMERICAL, FOLDER, INPUT_OUTPUT, SOME_FAILED = 0, 1, 2, 3, 4, 5, 6

app = typer.Typer(
    help="Thermal runaway and heat propagation in lithium batteries.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Case or study files.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one entry: dotted key, value with its unit.")
]


@app.command()
def run(
    files: Files,
    out: Annotated[Path | None, typer.Option(help="The result folder; results/NAME by default.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing results.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an unfinished run from its checkpoint.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes for the points of a study; one for each core by default.")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Run the points of a study on this Dask scheduler; 'local' starts one."),
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Accept a scheduler on another machine that is not encrypted.")] = False,
    settings: Settings = None,
    pictures: Annotated[bool, typer.Option(help="Draw the pictures.")] = True,
    report: Annotated[bool, typer.Option(help="Write report.html.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the answer.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Run cases or studies, each into its folder, and print what came out."""
    if out is not None and len(files) > 1:
        raise typer.BadParameter("accepts one FILE only", param_hint="--out")
    documents = read_all(files, settings or [])
    place = None
    if workers or scheduler:
        from thermo.app.places import place_of

        place = place_of(workers, scheduler, insecure, complain)
    code = DONE
    for document, work in documents:
        path = out or Path("results") / Path(document.path).stem
        code = max(code, _run_one(document, work, path, force, resume, (pictures, report), quiet, place))
    raise typer.Exit(code)


def read_all(files: list[Path], settings: list[str]) -> list[tuple[Document, Any]]:
    """Every file as a case or a study. Raises CaseError with every mistake of every file."""
    from thermo.case.case import case_of
    from thermo.casefile.reader import read_document
    from thermo.casefile.settings import change
    from thermo.studies.study import is_study, study_of

    found, mistakes = [], []
    for file in files:
        try:
            document = change(read_document(file), settings)
            found.append((document, study_of(document) if is_study(document) else case_of(document)))
        except CaseError as error:
            mistakes += error.mistakes
    if mistakes:
        raise CaseError(mistakes)
    return found


def _run_one(
    document: Document, work: Any, path: Path, force: bool, resume: bool, derived: tuple[bool, bool], quiet: bool, place: Any
) -> int:
    """Run a case or a study, then draw its pictures and write its report where `derived` says so."""
    from thermo.app.derived import draw, write_report
    from thermo.app.run_into_folder import run_case, run_study
    from thermo.app.screen_text import summary_text
    from thermo.studies.study import Study

    study = isinstance(work, Study)
    with listener_of(quiet) as listener:
        if study:
            summary = run_study(work, path, listener, force=force, resume=resume, place=place)
        else:
            summary = run_case(work, document, path, listener, force=force, resume=resume)
        if derived[0]:
            draw(path, listener)
        if derived[1]:
            write_report(path, listener)
    say(summary_text(summary))
    say(f"results: {path}")
    if summary["status"] == "complete":
        return DONE
    complain(f"error: {path}: {summary.get('reason') or summary['end']['reason']}")
    return SOME_FAILED if study and not summary.get("inconclusive") else NUMERICAL


@app.command()
def check(
    files: Files,
    settings: Settings = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Read cases or studies, report every mistake and the size of each run; solve nothing."""
    from thermo.app.places import points_estimate
    from thermo.case.plausibility import slips
    from thermo.simulation.estimate import estimate
    from thermo.studies.points import PointStudy
    from thermo.studies.study import Study

    for document, work in read_all(files, settings or []):
        if isinstance(work, Study) and isinstance(work.text.study, PointStudy):
            say(f"{document.path}: {points_estimate(work)}")
        members = [(f"{document.path}: {m.name}", m.case) for m in work.members] if isinstance(work, Study) else [(document.path, work)]
        for name, case in members:
            say(f"{name}: {estimate(case)}")
            for warning in slips(case):
                say(f"{name}: warning: {warning['text']}")


@app.command()
def mesh(
    file: Annotated[Path, typer.Argument(metavar="CASE", help="A case with a meshed body.")],
    out: Annotated[Path | None, typer.Option(help="The file, .vtu or .msh; NAME-mesh.vtu by default.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    settings: Settings = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Write the mesh of a case, and say how fine and how good it is and what its regions measure."""
    from meshes.checks import report
    from meshes.imported import mesh_bytes
    from thermo.app.screen_text import mesh_text
    from thermo.results.store import write_file
    from thermo.studies.study import Study

    ((document, work),) = read_all([file], settings or [])
    if isinstance(work, Study) or not work.sample.has_field:
        raise typer.BadParameter("has no meshed body", param_hint=str(file))
    body, target = work.sample, out or Path(f"{Path(document.path).stem}-mesh.vtu")
    made = body.shape(work.named_faces(), []).mesh
    exact = body.exact_sizes(work.named_faces())
    try:
        data = mesh_bytes(made, target.suffix)
    except ValueError as error:
        raise typer.BadParameter(f"{target}: {error}", param_hint="--out") from None
    write_file(target, data, force=force)
    for note in body.notes(work.named_faces()):  # what part of the body it covers, among others
        say(note)
    say(mesh_text(report(made, exact)))
    say(f"mesh: {target}")


@app.command()
def compare(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Result folders of cases.")],
    out: Annotated[Path | None, typer.Option(help="Also write table and figure to this folder.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """One table from several result folders, and with --out one figure."""
    from thermo.app.derived import draw
    from thermo.app.run_into_folder import compare_folders
    from thermo.app.screen_text import HEAD, columns_text
    from thermo.results.words import row_text

    summary = compare_folders(folders, out)
    say(columns_text([(row["member"], *row_text(row)) for row in summary["table"]], ("member", *HEAD)))
    if out is not None:
        draw(out, Plain(False))
        say(f"results: {out}")


@app.command()
def picture(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Result folders; several only with options, on one range.")],
    at: Annotated[list[str] | None, typer.Option(metavar="TIME", help="A time with its unit, several for several; or 'all'.")] = None,
    field: Annotated[str | None, typer.Option(metavar="NAME", help="An array of the frames; temperature by default.")] = None,
    cut: Annotated[str | None, typer.Option(help="quarter, none, x, y or z; 'x=3 mm' names the place.")] = None,
    view: Annotated[str | None, typer.Option(help="iso, front, back, left, right, top or bottom.")] = None,
    unit: Annotated[str | None, typer.Option(help="degC or K.")] = None,
    apart: Annotated[float | None, typer.Option(min=0.0, max=5.0, help="Move regions apart by this share of their distance.")] = None,
    svg: Annotated[bool, typer.Option("--svg", help="Also write the curves as SVG.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Write the picture to this file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Draw the pictures of a finished run again; with options, one picture of its fields as they ask."""
    from thermo.app.derived import Wanted, draw, draw_asked

    for folder in folders:
        _wanted_folder(folder)
    wanted = Wanted(at or (), field, cut, view, unit, apart)
    if len(folders) == 1 and out is None and wanted == Wanted():
        draw(folders[0], Plain(False), again=True, svg=svg)
        return
    if svg:
        raise typer.BadParameter("is for curves, and a picture of fields is asked for", param_hint="--svg")
    say(f"picture: {draw_asked(folders, wanted, out, force, Plain(False))}")


@app.command()
def movie(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A result folder.")],
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Draw the fields of a finished run or study as movie.mp4."""
    from thermo.app.derived import film

    _wanted_folder(folder)
    with listener_of(False) as listener:
        film(folder, listener)
    say(f"movie: {folder}/movie.mp4")


@app.command(name="report")
def report_command(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A result folder.")],
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Write report.html of a finished run or study again: one page that needs no network."""
    from thermo.app.derived import write_report

    _wanted_folder(folder)
    write_report(folder, Plain(False), again=True)


@app.command()
def view(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A result folder.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write the page to this file and open no browser.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Show the fields of a run in three dimensions, in the browser; no server is started."""
    from thermo.app.view import view_run

    view_run(folder, out, force)


def _wanted_folder(folder: Path) -> None:
    from thermo.results.store import read_json

    if not isinstance(read_json(folder / "summary.json"), dict):
        raise FileError(f"{folder}: there is no summary.json: this is not a finished result folder")


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A result folder.")],
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Check a result folder: every file there and unchanged, the run complete, the energy balance closed."""
    from thermo.app.verified import faults, open_balances, whole

    _wanted_folder(folder)
    for found, code in ((faults(folder), INPUT_OUTPUT), (open_balances(folder)[:1], NUMERICAL)):
        for text in found:
            complain(f"error: {text}")
        if found:
            raise typer.Exit(code)
    say(whole(folder))


@app.command()
def kinetics(
    files: Annotated[list[Path], typer.Argument(metavar="CURVE.csv CURVE.csv...", help="Curves of several heating rates.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
    figure: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Also draw Kissinger's line and E over conversion.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing figure.")] = False,
    time: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of time: NAME, NAME:UNIT, or NUMBER:UNIT.")] = None,
    temperature: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of temperature.")] = None,
    heat_flow: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of heat flow.")] = None,
    conversion: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of conversion, in place of a heat flow.")] = None,
    heating_rate: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of the heating rate.")] = None,
    low: Annotated[str | None, typer.Option("--from", metavar="TEMPERATURE", help="Start of the ramp to use.")] = None,
    high: Annotated[str | None, typer.Option("--to", metavar="TEMPERATURE", help="End of the ramp to use.")] = None,
    baseline: Annotated[str | None, typer.Option(help="'straight' or 'tangential'; by default chosen for the peak.")] = None,
    exotherm: Annotated[str | None, typer.Option(help="Direction of released heat: 'up' or 'down'; by default that of the peak.")] = None,
    decimal: Annotated[str | None, typer.Option(help="'comma' or 'point'; by default detected from the numbers.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Activation energies from calorimeter curves at several heating rates: Kissinger, Friedman, Ozawa."""
    import json

    from thermo.app.screen_text import kinetics_text
    from thermo.records.dsc_curves import Reading, read_curves
    from thermo.records.isoconversional import analysis
    from thermo.results.store import write_file

    if figure is not None and figure.suffix.lower() != ".png":
        raise typer.BadParameter(f"{figure}: a name that ends in .png is needed", param_hint="--figure")
    columns = {"time": time, "temperature": temperature, "heat flow": heat_flow, "conversion": conversion, "heating rate": heating_rate}
    between = [None if text is None else option(name, text, "temperature") for name, text in (("--from", low), ("--to", high))]
    if between[0] is not None and between[1] is not None and between[0] >= between[1]:
        raise CaseError([Mistake("--from", None, "", f"must lie below --to, got {low} and {high}")])
    reading = Reading(
        {what: said for what, said in columns.items() if said is not None},
        (between[0], between[1]),
        one_of("--baseline", baseline, ("straight", "tangential")),
        one_of("--exotherm", exotherm, ("up", "down")),
        one_of("--decimal", decimal, ("comma", "point")),
    )
    curves = read_curves(files, reading)
    try:
        summary = analysis(curves)
    except ValueError as error:
        raise CaseError([Mistake(", ".join(map(str, files)), None, "", str(error))]) from None
    if figure is not None:
        from viz import theme
        from viz.kinetics import kinetics as drawn

        write_file(figure, theme.png(drawn(summary)), force=force, option="--figure")
    if as_json:
        say(json.dumps(summary, indent=1, allow_nan=False))
        return
    say(kinetics_text(summary))
    if figure is not None:
        say(f"figure: {figure}")


UNSAID = "By default that of the run whose folder holds TRACE, else"


@app.command()
def onset(
    trace: Annotated[Path, typer.Argument(metavar="TRACE", help="A record as CSV, columns named with their unit, or a run's history.csv.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON document.")] = False,
    figure: Annotated[Path | None, typer.Option(help="Also draw it, to this .png.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing figure.")] = False,
    time: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of time: NAME, NAME:UNIT, or NUMBER:UNIT.")] = None,
    temperature: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of temperature.")] = None,
    rate: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of the rate; 'none': from the temperatures.")] = None,
    voltage: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of voltage, or 'none'.")] = None,
    sensitivity: Annotated[str | None, typer.Option(help=f"The rate that counts as self-heating. {UNSAID} 0.02 K/min.")] = None,
    seek: Annotated[str | None, typer.Option(help=f"The length of a seek window. {UNSAID} 10 min.")] = None,
    wait: Annotated[str | None, typer.Option(help="Time from a heater step to its seek window; by default read from the record.")] = None,
    step: Annotated[str | None, typer.Option(help=f"The step of the heater. {UNSAID} 5 K.")] = None,
    phi: Annotated[str, typer.Option(help="Heat capacity of sample and holder over the sample's.")] = "1",
    decimal: Annotated[str | None, typer.Option(help="'comma' or 'point'; by default detected from the numbers.")] = None,
    fit: Annotated[tuple[str, str] | None, typer.Option(metavar="LOW HIGH", help="Temperatures between which E is fitted.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """T1, T2, T3, exotherms and apparent kinetics of a calorimeter's record, measured or simulated."""
    import json

    from thermo.app.screen_text import record_text
    from thermo.records.analysis import analyse
    from thermo.records.heated_from_outside import Instrument, instrument_of_a_run
    from thermo.records.record import read_record
    from thermo.results.store import finite, write_file

    said = {"time": time, "temperature": temperature, "rate": rate, "voltage": voltage}
    looked = {
        name: option(f"--{name}", text, dimension, least=least)
        for name, text, dimension, least in (
            ("sensitivity", sensitivity, "temperature rate", 0.0),
            ("seek", seek, "time", 0.0),
            ("wait", wait, "time", None),
            ("step", step, "temperature difference", 0.0),
        )
        if text is not None
    }
    corrected = option("--phi", phi, "number", least=1.0, or_equal=True)
    instrument = Instrument(**{**instrument_of_a_run(trace), **looked}, phi=corrected)
    between = None if fit is None else (option("--fit", fit[0], "temperature"), option("--fit", fit[1], "temperature"))
    if fit and between and between[0] >= between[1]:
        raise CaseError([Mistake("--fit", None, "", f"LOW must lie below HIGH, got {fit[0]} and {fit[1]}")])
    columns = {kind: name for kind, name in said.items() if name is not None}
    record = read_record(trace, columns, one_of("--decimal", decimal, ("comma", "point")))
    found = analyse(record, instrument, between)
    if figure is not None:
        from viz import theme
        from viz import trace as drawing

        if figure.suffix != ".png":
            raise CaseError([Mistake("--figure", None, "", f"{figure}: a name that ends in .png is needed")])
        write_file(figure, theme.png(drawing.record(record, found)), force=force, option="--figure")
    say(json.dumps(finite(found), indent=1, allow_nan=False) if as_json else record_text(found))
    if figure is not None and not as_json:
        say(f"figure: {figure}")


@app.command()
def library(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A material or mechanism.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Materials and mechanisms with their sources; without a name, the list."""
    from thermo.app.library_pages import listing, page

    say(listing() if name is None else page(name))


@app.command()
def schema(
    study: Annotated[bool, typer.Option("--study", help="That of a study.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """The JSON schema of a case, for editors."""
    import json

    if study:
        from thermo.studies.study import StudyText

        say(json.dumps(StudyText.model_json_schema(), indent=1))
        return
    from thermo.case.case import Case

    say(json.dumps(Case.model_json_schema(), indent=1))


def main() -> None:
    """Run a command; end with the contract's exit code, without a traceback unless `--debug` is given."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # sparse work gains nothing from more, and one thread is bitwise reproducible
    if isinstance(sys.stdout, io.TextIOWrapper):  # a pipe on Windows takes few characters, and a title may have any
        sys.stdout.reconfigure(errors="replace")
    debug = "--debug" in sys.argv
    if not debug:
        _hush()
    try:
        app(standalone_mode=True)
    except CaseError as error:
        _end(BAD_INPUT, [f"error: {line}" for line in error.lines()], debug)
    except FolderError as error:
        _end(FOLDER, [f"error: {error}"], debug)
    except FileError as error:
        _end(INPUT_OUTPUT, [f"error: {error}"], debug)
    except SolveError as error:
        _end(NUMERICAL, [f"error: {error}"], debug)
    except Stopped as error:
        _end(128 + error.signal, [str(error)], debug)
    except KeyboardInterrupt:
        _end(130, ["stopped"], debug)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)
    except MemoryError:
        _end(NUMERICAL, ["error: the run needs more memory than is available; 'thermo check' estimates it"], debug)
    except OSError as error:
        from thermo.results.store import reason

        _end(INPUT_OUTPUT, [f"error: {error.filename or 'output'}: {reason(error)}"], debug)
    except Exception as error:
        _end(BUG, [f"internal error: {type(error).__name__}: {error}", bug_report()], debug)


def _hush() -> None:
    """Keep the remarks of libraries off the terminal: they are for who writes programs. A filter that raises them still does."""
    import logging
    import warnings

    warnings.showwarning = lambda *_, **__: None
    logging.getLogger().addHandler(logging.NullHandler())


def _end(code: int, lines: list[str], debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exc()
    for line in lines:
        complain(line)
    sys.exit(code)


def bug_report() -> str:
    """Write the traceback to a file of its own and say where it is."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="thermo-", suffix=".txt", delete=False) as file:
        traceback.print_exc(file=file)
    return f"the traceback is in {file.name}; please send it with the case"


if __name__ == "__main__":
    main()
