"""Imports run one way, and the lower layers know nothing of Inspect."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "advocate_evals"
OURS = "advocate_evals"

MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "vocabulary": set(),
    "labels": set(),
    "measures": {"vocabulary", "labels"},
    "asking": set(),
    "catalogue": {"vocabulary", "labels", "measures"},
    "reading": {"vocabulary"},
    "statistics": set(),
    "probes": {"asking", "vocabulary", "labels", "catalogue", "world", "tools"},
    "grading": {"asking", "vocabulary", "labels", "catalogue", "reading", "world", "tools", "probes", "statistics"},
    "results": {"__init__", "vocabulary", "labels", "measures", "catalogue", "reading", "statistics", "grading"},
    "world": {"vocabulary", "catalogue", "reading"},
    "tools": {"vocabulary", "catalogue", "world"},
    "episode": {"asking", "vocabulary", "catalogue", "world", "tools", "probes"},
    "scorers": {"vocabulary", "labels", "catalogue", "reading", "world", "tools", "probes", "grading", "statistics"},
    "standin": set(),
    "arms": {"vocabulary", "catalogue"},
    "peers": {"vocabulary", "catalogue", "reading", "scorers", "__init__"},
    "assembly": {"__init__", "vocabulary", "labels", "catalogue", "episode", "probes", "grading", "scorers", "arms"},
    "gating": {"vocabulary", "arms", "assembly", "catalogue", "episode", "scorers", "statistics"},
    "tasks": {"vocabulary", "arms", "assembly", "gating", "episode", "grading", "scorers", "peers"},
    "experiments": {"__init__", "vocabulary", "measures", "catalogue", "gating", "statistics", "_registry"},
    "cli": {
        "vocabulary",
        "labels",
        "catalogue",
        "scorers",
        "grading",
        "experiments",
        "results",
        "statistics",
        "_registry",
    },
    "_registry": {"episode", "grading", "peers", "scorers", "tools", "standin", "tasks"},
}
"""What each part of the package may import of the others; `__init__` is the version."""

BESIDES = {"scorers.calibration": {"catalogue"}}
"""Single modules that may import more: the rule on the labelled mails is run by hand, never while scoring."""

WITHOUT_INSPECT = ("vocabulary", "catalogue", "reading", "world", "statistics", "cli")
LIGHT = {"click", "rich", "sys", "math", "typing", "pathlib", "functools", "__future__", "collections.abc"}
"""What the command line may import before a command runs."""


@cache
def modules() -> dict[str, ast.Module]:
    """Every module by its dotted name below the package; task files are reached through their link."""
    found = {}
    for path in [*SOURCE.rglob("*.py"), *(SOURCE / "tasks").glob("*.py")]:
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def imports(tree: ast.AST) -> Iterator[tuple[str, tuple[str, ...], ast.stmt]]:
    """Module and names of each import anywhere in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, (), node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            yield node.module or "", tuple(alias.name for alias in node.names), node


def parts(module: str, names: tuple[str, ...]) -> set[str]:
    """The parts of our package that an import reaches."""
    if module == OURS:
        return {name if name in MAY_IMPORT else "__init__" for name in names} or {"__init__"}
    return {module.split(".")[1]} if module.startswith(OURS + ".") else set()


def part(name: str) -> str:
    return name.split(".")[0]


def test_every_module_has_its_place_in_the_table() -> None:
    assert {part(name) for name in modules()} == set(MAY_IMPORT)


@pytest.mark.parametrize("name", sorted(MAY_IMPORT))
def test_imports_run_one_way(name: str) -> None:
    wrong = [
        f"{module}:{node.lineno} imports {found}"
        for module, tree in modules().items()
        if part(module) == name
        for found, names, node in imports(tree)
        if not parts(found, names) <= MAY_IMPORT[name] | {name} | BESIDES.get(module, set())
    ]
    assert wrong == []


def test_the_table_has_no_circle() -> None:
    order: list[str] = []
    left = dict(MAY_IMPORT)
    while left:
        free = sorted(name for name, needs in left.items() if needs <= set(order))
        assert free, f"circle among {sorted(left)}"
        order += free
        left = {name: needs for name, needs in left.items() if name not in free}


def test_nothing_but_the_registry_imports_tasks() -> None:
    reach = {part(m) for m, tree in modules().items() for f, names, _ in imports(tree) if "tasks" in parts(f, names)}
    assert reach == {"_registry"}


def test_scorers_take_from_the_tools_only_where_the_state_lies() -> None:
    taken = {
        imported
        for module, tree in modules().items()
        if part(module) == "scorers"
        for found, names, _ in imports(tree)
        if "tools" in parts(found, names)
        for imported in names
    }
    assert taken <= {"Episode"}


def test_nothing_reaches_into_the_private_parts_of_inspect() -> None:
    wrong = [
        f"{module}: {found}"
        for module, tree in modules().items()
        for found, _, _ in imports(tree)
        if found.startswith("inspect_ai") and any(piece.startswith("_") for piece in found.split("."))
    ]
    assert wrong == []


READERS = {
    "read_eval_log",
    "read_eval_log_sample",
    "read_eval_log_samples",
    "read_eval_log_sample_summaries",
    "read_eval_log_samples_by_id",
    "read_eval_log_headers",
    "list_eval_logs",
    "evals_df",
    "samples_df",
    "messages_df",
    "events_df",
    "recover_eval_log",
}
"""Ways of Inspect to read a log; `_async` may follow."""


def test_nothing_but_results_reads_logs() -> None:
    reach = {
        part(module)
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute | ast.alias)
        for name in [
            node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else node.name
        ]
        if name.removesuffix("_async") in READERS
    }
    assert reach == {"results"}


@pytest.mark.parametrize("name", WITHOUT_INSPECT)
def test_the_lower_layers_know_nothing_of_inspect(name: str) -> None:
    wrong = [
        f"{module}: {found}"
        for module, tree in modules().items()
        if part(module) == name
        for found, _, _ in imports(tree)
        if found.split(".")[0] == "inspect_ai"
    ]
    assert wrong == []


def test_the_command_line_imports_what_is_heavy_only_inside_commands() -> None:
    for module in (name for name in modules() if name.partition(".")[0] == "cli"):
        tree = modules()[module]
        for_types = [node for node in tree.body if isinstance(node, ast.If)]
        outside = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {found for node in outside for found, _, _ in imports(node)}
        heavy = {name for name in names if name.split(".")[0] not in LIGHT and name not in LIGHT}
        assert all(name.startswith(f"{OURS}.cli") for name in heavy), (module, heavy)
        assert all("TYPE_CHECKING" in ast.unparse(node.test) for node in for_types)


@pytest.mark.parametrize("name", ["cli", "catalogue", "reading", "world"])
def test_importing_it_does_not_load_inspect(name: str) -> None:
    code = f"import sys, {OURS}.{name}; print('inspect_ai' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
