"""Benchmarks are run by hand, so that nothing else would notice when what they import is gone."""

from __future__ import annotations

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))


def exists(module: str, name: str) -> bool:
    """Whether a module has a name, which may be that of a module below it."""
    return hasattr(importlib.import_module(module), name) or find_spec(f"{module}.{name}") is not None


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_every_name_that_a_benchmark_imports_from_the_package_exists(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    absent = [
        f"{node.module}.{alias.name}"
        for node in imported
        if node.module and node.module.partition(".")[0] == "advocate_evals"
        for alias in node.names
        if not exists(node.module, alias.name)
    ]
    assert absent == []
