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
    "records": set(),
    "model_names": set(),
    "safe_text": set(),
    "steering_conditions": {"records"},
    "turn_readings": {"records", "steering_conditions"},
    "factors": {"records", "steering_conditions"},
    "outcomes": {"records", "steering_conditions"},
    "scoring_facts": {"records"},
    "model_calls": set(),
    "statistics": set(),
    "standins": set(),
    "human_play": {"records", "model_names", "safe_text"},
    "scenarios": {"records", "factors", "outcomes", "scoring_facts"},
    "predictions": {"records", "factors", "outcomes", "scenarios", "statistics"},
    "text_rules": {"records", "safe_text", "scoring_facts", "statistics", "scenarios"},
    "environment": {"records", "safe_text", "factors", "scoring_facts", "scenarios", "text_rules"},
    "episode": {
        *("records", "safe_text", "steering_conditions", "turn_readings", "factors", "model_calls"),
        *("scenarios", "text_rules", "environment"),
    },
    "judge": {
        *("records", "model_names", "safe_text", "factors", "outcomes", "scoring_facts", "model_calls", "statistics"),
        *("scenarios", "text_rules", "environment"),
    },
    "scorers": {
        *("records", "steering_conditions", "turn_readings", "outcomes", "scoring_facts", "statistics"),
        *("scenarios", "text_rules", "environment", "episode", "judge"),
    },
    "task_builder": {
        *("__init__", "records", "factors", "outcomes", "statistics"),
        *("scenarios", "predictions", "episode", "judge", "scorers"),
    },
    "peers": {
        *("__init__", "records", "factors", "outcomes", "scoring_facts"),
        *("scenarios", "predictions", "text_rules", "scorers"),
    },
    "whitebox": {
        *("records", "steering_conditions", "turn_readings", "factors"),
        *("scenarios", "standins", "scorers", "logs"),
    },
    "tasks": {
        *("records", "steering_conditions", "factors", "statistics", "scenarios"),
        *("task_builder", "episode", "judge", "scorers", "peers"),
    },
    "_registry": {"episode", "environment", "human_play", "peers", "scorers", "standins", "tasks", "whitebox"},
    "experiments": {
        *("__init__", "records", "model_names", "factors", "outcomes", "statistics", "scenarios", "predictions"),
        *("environment", "human_play", "task_builder", "_registry"),
    },
    "logs": {
        "records",
        "model_names",
        "factors",
        "outcomes",
        "scoring_facts",
        "model_calls",
        "statistics",
        "scenarios",
        "judge",
    },
    "analysis": {
        *("__init__", "records", "model_names", "factors", "outcomes", "steering_conditions"),
        *("statistics", "scenarios", "predictions", "logs"),
    },
    "report": {"records", "model_names", "safe_text", "outcomes", "statistics", "scenarios", "logs", "analysis"},
    "annotation": {"records", "safe_text", "outcomes", "statistics", "scenarios", "judge", "logs"},
    "export": {"records", "model_names", "safe_text", "outcomes", "scenarios", "logs"},
    "authoring": {
        *("records", "safe_text", "factors", "outcomes", "scoring_facts", "scenarios", "environment", "predictions"),
        *("report", "statistics"),
    },
    "cli": {
        *("records", "model_names", "safe_text", "factors", "outcomes"),
        *("statistics", "scenarios", "predictions", "text_rules", "judge"),
        *("authoring", "experiments", "human_play", "logs", "analysis", "report", "annotation", "export", "_registry"),
        "whitebox",
    },
}
"""What each part of the package may import of the others; `__init__` is the version."""

WITHOUT_INSPECT = (
    *("records", "model_names", "safe_text", "steering_conditions", "turn_readings"),
    *("factors", "outcomes", "scoring_facts"),
    *("statistics", "scenarios", "predictions", "text_rules", "environment", "authoring", "cli"),
)
WITH_INSPECT = ("environment.office_tools",)
"""Single modules of these parts that are adapters to Inspect."""
LIGHT = {
    "click",
    "rich",
    "sys",
    "math",
    "typing",
    "pathlib",
    "functools",
    "contextlib",
    "__future__",
    "collections.abc",
    "io",
    "os",
}
"""What the command line may import before a command runs."""


@cache
def modules() -> dict[str, ast.Module]:
    """Every module by its dotted name below the package; task files are reached through their link."""
    trees = {}
    for path in [*SOURCE.rglob("*.py"), *(SOURCE / "tasks").glob("*.py")]:
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        trees[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return trees


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
        f"{module}:{node.lineno} imports {target}"
        for module, tree in modules().items()
        if part(module) == name
        for target, names, node in imports(tree)
        if not parts(target, names) <= MAY_IMPORT[name] | {name}
    ]
    assert wrong == []


def test_the_table_has_no_circle() -> None:
    order: list[str] = []
    waiting = dict(MAY_IMPORT)
    while waiting:
        free = sorted(name for name, needs in waiting.items() if needs <= set(order))
        assert free, f"circle among {sorted(waiting)}"
        order += free
        waiting = {name: needs for name, needs in waiting.items() if name not in free}


def test_nothing_but_the_registry_imports_tasks() -> None:
    reach = {part(m) for m, tree in modules().items() for f, names, _ in imports(tree) if "tasks" in parts(f, names)}
    assert reach == {"_registry"}


def test_scorers_take_from_the_environment_only_where_the_state_lies() -> None:
    imported_names = {
        imported
        for module, tree in modules().items()
        if part(module) == "scorers"
        for target, names, _ in imports(tree)
        if "environment" in parts(target, names)
        for imported in names
    }
    state = {"Episode", "OFFICE_VERBS", "LedgerEntry", "OfficeWorld", "SUBJECT_ACTOR"}
    assert imported_names <= state | {"OutgoingText", "outgoing_texts", "LETTER_VERBS", "MAIL_VERBS"}


def test_nothing_reaches_into_the_private_parts_of_inspect() -> None:
    wrong = [
        f"{module}: {target}"
        for module, tree in modules().items()
        for target, _, _ in imports(tree)
        if target.startswith("inspect_ai") and any(piece.startswith("_") for piece in target.split("."))
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


def test_nothing_but_logs_reads_logs() -> None:
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
    assert reach == {"logs"}


@pytest.mark.parametrize("name", WITHOUT_INSPECT)
def test_the_lower_layers_know_nothing_of_inspect(name: str) -> None:
    wrong = [
        f"{module}: {target}"
        for module, tree in modules().items()
        if part(module) == name and module not in WITH_INSPECT
        for target, _, _ in imports(tree)
        if target.split(".")[0] == "inspect_ai"
    ]
    assert wrong == []


def test_the_command_line_imports_what_is_heavy_only_inside_commands() -> None:
    for module in (name for name in modules() if name.partition(".")[0] == "cli"):
        tree = modules()[module]
        for_types = [node for node in tree.body if isinstance(node, ast.If)]
        outside = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {target for node in outside for target, _, _ in imports(node)}
        heavy = {name for name in names if name.split(".")[0] not in LIGHT and name not in LIGHT}
        assert all(name.startswith(f"{OURS}.cli") for name in heavy), (module, heavy)
        assert all("TYPE_CHECKING" in ast.unparse(node.test) for node in for_types)


@pytest.mark.parametrize(
    "name", ["cli", "scenarios.scenario", "text_rules.coercion_rule", "environment.office", "predictions.registry"]
)
def test_importing_it_does_not_load_inspect(name: str) -> None:
    code = f"import sys, {OURS}.{name}; print('inspect_ai' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "False"
