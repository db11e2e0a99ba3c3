"""Make the pages of docs/verification: `python docs/verification.py` runs every case of cases/verification and writes the results.

A page describes the problem, its known values with their sources, and the error of the run. The index also lists the tests.
"""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path
from typing import Any

from thermo.case.case import read_case
from thermo.measurement.asked import tolerance, wanted
from thermo.results.words import shown
from thermo.simulation.simulate import run

ROOT = Path(__file__).parent.parent
CASES, TESTS, PAGES = ROOT / "cases" / "verification", ROOT / "tests" / "verification", ROOT / "docs" / "verification"
FRAME = "`python docs/verification.py` makes this page.\n"
WIDTH = 140  # characters of a line
WHOLE: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}  # words stay whole


# length [mm], numbers of elements along it and the probe of cases that are also solved on coarse meshes, as their authors did
COARSE = {"nafems-t3-transient": (100.0, (5, 10, 20, 40), "P")}


def coarse(file: Path, length: float, numbers: tuple[int, ...], probe: str) -> list[str]:
    """The error of the first known value on meshes of a few elements."""
    lines = ["", "The error on coarser meshes, in K:", "", "| elements | linear | quadratic |", "|---|---|---|"]
    for n in numbers:
        apart = []
        for order in (1, 2):
            size = f"{length / n} mm"
            case = read_case(file, [f"sample.mesh.{key}" for key in (f"order={order}", f"largest={size}", f"interface={size}")])
            known = wanted(case.expect[0].what, case.expect[0].value)
            apart.append(f"{run(case).probe(probe)[-1] - known:.2g}")
        lines.append(f"| {n} | {apart[0]} | {apart[1]} |")
    return lines


def page(file: Path) -> tuple[str, str]:
    """The page of a case, and its line in the index."""
    case = read_case(file)
    result = run(case)
    summary = result.summary()
    lines = [
        f"# {case.title}",
        "",
        textwrap.fill((case.notes or "").strip(), WIDTH, **WHOLE),
        "",
        f"    thermo run cases/verification/{file.name}",
        "",
    ]
    lines += [
        "| result | found | known | error (SI) | allowed (SI) | kind of the known value | its source |",
        "|---|---|---|---|---|---|---|",
    ]
    worst = 0.0
    for entry in summary["expect"]:
        what, value, aim = entry["name"], entry["value"], entry["wanted"]
        allowed = tolerance(what, aim, str(entry["within"]))
        worst = max(worst, abs(value - aim) / allowed)
        cells = [f"`{what}`", shown(what, value), shown(what, aim), f"{abs(value - aim):.1g}", f"{allowed:.2g}"]
        lines.append("| " + " | ".join([*cells, entry["kind"], entry["source"]]) + " |")
    steps = "finds a steady state" if case.programme.steady else f"writes {len(result.time)} rows over {result.time[-1]:.4g} s"
    closed = summary["energy"]["residual_relative"]
    lines += [
        "",
        f"The run has {result.body.n_dofs} nodes and {steps}. Its energy balance closes to {closed:.0e} of the heat exchanged.",
        "",
        FRAME,
    ]
    if file.stem in COARSE:
        lines[-2:-2] = coarse(file, *COARSE[file.stem])
    return "\n".join(lines), f"| [{case.title}]({file.stem}.md) | {len(summary['expect'])} | {100.0 * worst:.0f} % |"


def tests() -> list[str]:
    """The description of each file of tests, and the name and description of each test in it."""
    lines = []
    for file in sorted(TESTS.glob("test_*.py")):
        tree = ast.parse(file.read_text())
        lines += ["", f"### tests/verification/{file.name}", "", (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " "), ""]
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
                text = f"- **{node.name[5:].replace('_', ' ')}**" + (f". {said}" if said else "")
                lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ", **WHOLE)
    return lines


def main() -> None:
    PAGES.mkdir(exist_ok=True)
    index = [
        "# Verification",
        "",
        "The answers of these cases are known; each page gives their source. The last column has the largest error over the allowed error.",
        "",
    ]
    index += ["| case | known values | largest error, share of the allowed |", "|---|---|---|"]
    for file in sorted(CASES.glob("*.yaml")):
        text, line = page(file)
        (PAGES / f"{file.stem}.md").write_text(text)
        index.append(line)
    index += ["", "## Tests", "", "`pytest tests/verification` compares the program with the following.", *tests(), "", FRAME]
    (PAGES / "README.md").write_text("\n".join(index))


if __name__ == "__main__":
    main()
