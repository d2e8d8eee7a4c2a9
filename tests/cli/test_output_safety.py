"""What commands print is inert, goes into any encoding, and into a pipe that is closed early."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest
from click.testing import CliRunner
from played_logs import rewritten

from advocate_evals.cli import main
from advocate_evals.cli.console import SafeConsole
from advocate_evals.safe_text import clean_terminal_text

CLEAR_SCREEN, TITLE, TURN = "\x1b[2J\x1b[1;1H", "\x1b]0;owned\x07", "\u202egnp.exe"


@pytest.mark.parametrize(
    ("hostile", "inert"),
    [
        (CLEAR_SCREEN, "\ufffd[2J\ufffd[1;1H"),
        (TITLE, "\ufffd]0;owned\ufffd"),
        ("\x9b31m", "\ufffd31m"),
        (TURN, "gnp.exe"),
        ("a\rb", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("a\tb\nc", "a\tb\nc"),
    ],
)
def test_nothing_in_a_text_commands_the_terminal(hostile: str, inert: str) -> None:
    assert clean_terminal_text(hostile) == inert


def test_a_console_marks_control_characters_in_lines_and_in_tables() -> None:
    from rich.table import Table

    out = SafeConsole(width=80, force_terminal=True, color_system=None)
    table = Table(f"a {CLEAR_SCREEN} title")
    table.add_row(f"an error: {TITLE}")
    with out.capture() as captured:
        out.print(f"a model named {CLEAR_SCREEN}", markup=False)
        out.print(table)
    assert "\x1b[2J" not in captured.get() and "\x07" not in captured.get()
    assert captured.get().count("\ufffd[2J") == 2


def test_an_error_with_escape_codes_is_shown_and_not_obeyed(path: Path, tmp_path: Path) -> None:
    def rewrite(name: str, content: bytes) -> bytes:
        if name != "summaries.json":
            return content
        rows = json.loads(content)
        rows[0]["error"] = f"the provider said {CLEAR_SCREEN}{TITLE}"
        return json.dumps(rows).encode()

    changed = rewritten(path, tmp_path / "changed.eval", rewrite)
    for command in (["summary", str(changed)], ["report", str(changed), "-o", str(tmp_path / "r.md"), "--no-cache"]):
        result = CliRunner().invoke(main, command)
        assert "\x1b[2J" not in result.output and "\x07" not in result.output, command
    assert "\x1b" not in (tmp_path / "r.md").read_text(encoding="utf-8")


def test_a_report_goes_to_any_address(path: Path) -> None:
    result = CliRunner().invoke(main, ["report", str(path), "-o", "memory://bucket/run/report.md", "--no-cache"])
    assert "report: memory://bucket/run/report.md" in result.output
    with fsspec.open("memory://bucket/run/report.md", "r", encoding="utf-8") as file:
        assert "death_ground" in file.read()
    assert not Path("memory:").exists()


def test_an_address_that_nothing_opens_is_an_error_in_a_line(path: Path) -> None:
    result = CliRunner().invoke(main, ["report", str(path), "-o", "nowhere://bucket/report.md", "--no-cache"])
    assert result.exit_code == 1
    assert result.output.splitlines()[-1].startswith("Error: nowhere://bucket/report.md: ")


def run_command(*arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "advocate_evals.cli", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **variables})


@pytest.mark.parametrize("arguments", [("read", "pump_house"), ("predictions",), ("--help",)])
def test_a_pipe_that_is_closed_early_is_no_failure(arguments: tuple[str, ...]) -> None:
    process = run_command(*arguments)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=120) == 0, errors
    assert errors == b""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_any_encoding_will_do(encoding: str) -> None:
    process = run_command("predictions", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0 and errors == b"" and b"prediction-2026-04" in output
