"""Names: each once, in words that say what the thing is; and each rule with one owner."""

from __future__ import annotations

import ast
import math
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from advocate_evals.outcomes import OUTCOMES, SCORER_HEADINGS, Outcome
from advocate_evals.scenarios.dataset_reader import DATASETS, mechanism_names
from advocate_evals.statistics import verdict_rule

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "advocate_evals"
FOLDERS = ("src", "tasks", "benchmarks", "tests")

REGISTERED = {"task", "scorer", "metric", "agent", "solver", "modelapi", "tool", "click.command", "click.group"}
"""Decorators under which a name is part of a log or of the command line."""
VAGUE = {
    *("found", "given", "said", "kept", "shown", "one", "other", "others", "there", "here", "seen", "told", "held"),
    *("made", "got", "left", "taken", "drawn", "done", "apart", "named", "inside", "counted", "listed", "filled"),
    *("thing", "things", "stuff", "known", "wanted", "asked", "what", "whole", "rest", "back"),
}
"""Names that do not say what they name; fields of records are the words of the data and are exempt."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules() -> dict[Path, ast.Module]:
    """Every module of the package and every task."""
    paths = [path for path in SOURCE.rglob("*.py") if not path.is_relative_to(SOURCE / "tasks")]
    paths += (ROOT / "tasks").glob("*.py")
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(paths)}


def public_names(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """What a module defines at its top level under a public name."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        else:
            names = []
        yield from ((name, node) for name in names if not name.startswith("_"))


def test_no_public_name_is_defined_in_two_modules() -> None:
    places: dict[str, set[str]] = defaultdict(set)
    for path, tree in modules().items():
        if path.name != "__init__.py":
            for name, _ in public_names(tree):
                places[name].add(path.relative_to(ROOT).as_posix())
    assert {name: sorted(where) for name, where in places.items() if len(where) > 1} == {}


def test_no_file_name_occurs_twice() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    helpers = (ROOT / "tests" / "helpers").glob("*.py")
    tests = (path for path in (ROOT / "tests").rglob("test_*.py"))
    for path in (*modules(), *helpers, *tests, *(ROOT / "benchmarks").glob("*.py")):
        if path.name not in ("__init__.py", "__main__.py"):
            places[path.name].append(path.relative_to(ROOT).as_posix())
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def decorators(node: Function) -> set[str]:
    return {ast.unparse(mark).partition("(")[0] for mark in node.decorator_list}


def test_public_functions_have_two_words_unless_inspect_registers_the_name() -> None:
    single = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, tree in modules().items()
        for name, node in public_names(tree)
        if isinstance(node, Function) and "_" not in name and not decorators(node) & REGISTERED
    ]
    assert single == []


def bound_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Parameters, local names, functions and classes, each with its line; fields in a class body are left out."""
    fields = {
        id(node.target)
        for kind in ast.walk(tree)
        if isinstance(kind, ast.ClassDef)
        for node in kind.body
        if isinstance(node, ast.AnnAssign)
    }
    for node in ast.walk(tree):
        if isinstance(node, Function | ast.ClassDef):
            yield node.name, node.lineno
        if isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in fields:
            yield node.id, node.lineno


def test_no_name_is_vague() -> None:
    vague = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name, line in bound_names(ast.parse(path.read_text(encoding="utf-8")))
        if name in VAGUE
    ]
    assert vague == []


def test_no_module_is_imported_by_tests_alone() -> None:
    imported: set[str] = set()
    benchmarks = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "benchmarks").glob("*.py")]
    for tree in (*modules().values(), *benchmarks):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
    entry_points = {"advocate_evals._registry", "advocate_evals.cli", "advocate_evals.cli.__main__"}
    names = {
        ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
        for path in modules()
        if path.name != "__init__.py" and path.is_relative_to(SOURCE)
    }
    assert sorted(names - imported - entry_points) == []


LABELS = {
    value
    for name, value in vars(verdict_rule).items()
    if isinstance(value, str) and name.isupper() and value == value.upper()
} | {verdict_rule.CONFIRMED, verdict_rule.REFUTED}


def test_the_labels_of_verdicts_stand_in_one_module() -> None:
    """A verdict is classified there and nowhere else; other modules use its constants."""
    assert {"CONFIRMED", "REFUTED", "FLOOR", "INCONCLUSIVE"} <= LABELS
    places = {
        path.relative_to(SOURCE).as_posix()
        for path, tree in modules().items()
        if path.is_relative_to(SOURCE)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in LABELS
    }
    assert places == {"statistics/verdict_rule.py"}


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=OUTCOMES.keys())
def test_every_outcome_declares_a_kind_a_range_and_a_unit_that_fit(outcome: Outcome) -> None:
    assert outcome.scorer in SCORER_HEADINGS
    assert outcome.source in ("rule", "either", "grader", "subject", "model")
    assert outcome.about
    match outcome.kind:
        case "event":
            assert (outcome.scale_max, outcome.unit) == (1.0, "share")
        case "degree":
            assert 0 < outcome.scale_max < math.inf
            assert (outcome.unit == "share") == (outcome.scale_max == 1.0)
        case "count" | "level":
            assert outcome.scale_max == math.inf
            assert outcome.unit != "share"


def test_every_mechanism_states_its_place_in_charts_and_what_it_is_compared_with() -> None:
    orders: dict[int, str] = {}
    compared: set[str] = set()
    for name in mechanism_names():
        file = yaml.safe_load((DATASETS / "mechanisms" / name / "mechanism.yaml").read_text(encoding="utf-8"))
        assert orders.setdefault(file["chart_order"], name) == name
        pairs = file.get("compared_with", ())
        compared |= {name, *(pair["baseline"] for pair in pairs)} if pairs else set()
    assert compared == set(mechanism_names())
