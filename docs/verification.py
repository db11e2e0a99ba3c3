"""Make the pages of docs/verification: `python docs/verification.py` runs every case of cases/verification and writes what it found.

A page says what is solved, what is known of it, from where, and how far the run is from it; the index also lists the tests.
"""

from __future__ import annotations

import ast
from pathlib import Path

from thermo.case.case import read_case
from thermo.measurement.asked import tolerance, wanted
from thermo.simulation.result import shown
from thermo.simulation.simulate import run

ROOT = Path(__file__).parent.parent
CASES, TESTS, PAGES = ROOT / "cases" / "verification", ROOT / "tests" / "verification", ROOT / "docs" / "verification"
FRAME = "This page is made by `python docs/verification.py`.\n"


# length [mm], numbers of elements along it and the probe of cases that are also solved on coarse meshes, as their authors did
COARSE = {"nafems-t3-transient": (100.0, (5, 10, 20, 40), "P")}


def coarse(file: Path, length: float, numbers: tuple[int, ...], probe: str) -> list[str]:
    """How far off the first known value is on meshes of a few elements."""
    lines = ["", "On coarser meshes, K apart:", "", "| elements | linear | quadratic |", "|---|---|---|"]
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
    lines = [f"# {case.title}", "", case.notes.strip() or "", "", f"    thermo run cases/verification/{file.name}", ""]
    lines += [
        "| what | found | known | apart (SI) | allowed (SI) | kind of the known value | its source |",
        "|---|---|---|---|---|---|---|",
    ]
    worst = 0.0
    for entry in summary["expect"]:
        what, value, aim = entry["name"], entry["value"], entry["wanted"]
        allowed = tolerance(what, aim, str(entry["within"]))
        worst = max(worst, abs(value - aim) / allowed)
        cells = [f"`{what}`", shown(what, value), shown(what, aim), f"{abs(value - aim):.1g}", f"{allowed:.2g}"]
        lines.append("| " + " | ".join([*cells, entry["kind"], entry["source"]]) + " |")
    steps = "a steady state" if result.body.steady else f"{len(result.time)} rows over {result.time[-1]:.4g} s"
    closed = summary["energy"]["residual_relative"]
    lines += ["", f"{result.body.n_dofs} nodes, {steps}; the energy balance closes to {closed:.0e} of the heat exchanged.", "", FRAME]
    if file.stem in COARSE:
        lines[-2:-2] = coarse(file, *COARSE[file.stem])
    return "\n".join(lines), f"| [{case.title}]({file.stem}.md) | {len(summary['expect'])} | {100.0 * worst:.0f} % |"


def tests() -> list[str]:
    """What each file of tests says of itself, and each test in it."""
    lines = []
    for file in sorted(TESTS.glob("test_*.py")):
        tree = ast.parse(file.read_text())
        lines += ["", f"### tests/verification/{file.name}", "", (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " "), ""]
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
                lines.append(f"- {node.name[5:].replace('_', ' ')}" + (f": {said}" if said else ""))
    return lines


def main() -> None:
    PAGES.mkdir(exist_ok=True)
    index = ["# Verification", "", "Cases whose answers are known; every page says from where.", ""]
    index += ["| case | known values | farthest, as a share of what is allowed |", "|---|---|---|"]
    for file in sorted(CASES.glob("*.yaml")):
        text, line = page(file)
        (PAGES / f"{file.stem}.md").write_text(text)
        index.append(line)
    index += ["", "## Tests", "", "What `pytest tests/verification` holds the solver against.", *tests(), "", FRAME]
    (PAGES / "README.md").write_text("\n".join(index))


if __name__ == "__main__":
    main()
