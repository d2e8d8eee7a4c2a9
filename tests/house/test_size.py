"""Files, functions and signatures stay small, and everything public says what it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel

from advocate_evals.authoring.generated_files import SCHEMA_KINDS
from advocate_evals.factors import EpisodeSpec
from advocate_evals.records import Record

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "advocate_evals"

FILE, FUNCTION, PARAMETERS, TASK, NAMES = 500, 45, 6, 60, 12

EXCEPTIONS: dict[str, str] = {}
"""What may be larger than the rule, each with its reason."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def trees() -> dict[str, ast.Module]:
    paths = {path.relative_to(SOURCE).as_posix(): path for path in SOURCE.rglob("*.py")}
    paths |= {f"tasks/{path.name}": path for path in (ROOT / "tasks").glob("*.py")}
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in paths.items()}


def lines(name: str) -> int:
    path = ROOT / name if name.startswith("tasks/") else SOURCE / name
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def oversized() -> Iterator[str]:
    """Everything over a limit, as `file: what: which limit`."""
    for name, tree in trees().items():
        if lines(name) > (TASK if name.startswith("tasks/") else FILE):
            yield f"{name}: lines"
        if name.endswith("__init__.py") and len(exported(tree)) > NAMES:
            yield f"{name}: names"
        for node in functions(tree):
            if length(node) > FUNCTION and not by_name(node):
                yield f"{name}: {node.name}: lines"
            positional = [
                argument for argument in node.args.posonlyargs + node.args.args if argument.arg not in ("self", "cls")
            ]
            if len(positional) > PARAMETERS and not by_name(node):
                yield f"{name}: {node.name}: parameters"


def length(node: Function) -> int:
    """Lines of a function, its docstring left out: a contract may be as long as it needs."""
    first = node.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


def by_name(node: Function) -> bool:
    """Tools, tasks and commands get what they need by name, from a model or from the command line."""
    marks = {ast.unparse(mark).partition("(")[0] for mark in node.decorator_list}
    is_marked = bool(marks & {"task", "solver", "click.command"})
    return is_marked or (isinstance(node, ast.AsyncFunctionDef) and node.name == "execute")


def exported(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]


def test_nothing_is_larger_than_the_rule_but_the_exceptions() -> None:
    assert sorted(set(oversized()) - EXCEPTIONS.keys()) == []


def test_every_exception_is_still_needed_and_has_a_reason() -> None:
    assert sorted(EXCEPTIONS.keys() - set(oversized())) == []
    assert all(EXCEPTIONS.values())
    assert len(EXCEPTIONS) <= 8


def public(tree: ast.Module) -> Iterator[ast.AST]:
    """Public functions and classes of a module, and public methods of public classes."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (n for n in node.body if isinstance(n, Function) and not n.name.startswith("_"))


@pytest.mark.parametrize("name", sorted(trees()))
def test_everything_public_has_a_docstring(name: str) -> None:
    tree = trees()[name]
    silent = [node.name for node in public(tree) if not ast.get_docstring(node)]  # type: ignore[arg-type,attr-defined]
    assert silent == []


@pytest.mark.parametrize("name", sorted(name for name in trees() if lines(name)))
def test_every_module_says_what_it_is(name: str) -> None:
    assert ast.get_docstring(trees()[name])


def records() -> list[type[BaseModel]]:
    """Every frozen record: the kinds of data file, what they are made of, and the vocabulary's own."""
    kinds: list[type[BaseModel]] = []
    waiting: list[type[BaseModel]] = [Record]
    while waiting:
        kind = waiting.pop()
        kinds.append(kind)
        waiting += kind.__subclasses__()
    return sorted(kinds, key=lambda kind: kind.__qualname__)


def test_every_kind_of_file_is_a_record() -> None:
    assert set(SCHEMA_KINDS.values()) | {EpisodeSpec} <= set(records())


@pytest.mark.parametrize("kind", records(), ids=lambda kind: kind.__name__)
def test_every_field_is_described_and_no_unknown_one_is_let_in(kind: type[BaseModel]) -> None:
    assert [name for name, field in kind.model_fields.items() if not field.description] == []
    assert kind.model_config["extra"] == "forbid"
    assert kind.model_config["frozen"]
