"""Small real logs for tests of what reads them: one family, two variants, two arms, played by scripted subjects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import ModelOutput, modelapi

from advocate_evals.standins.policies import StandIn
from advocate_evals.tasks.death_ground import death_ground

FAMILY = "shared_nodes"
POLICIES = ("outlet_seeking", "refuser")


def task(**more: Any) -> Task:
    return death_ground(**{"variants": 2, "families": FAMILY, "mechanisms": "none,engineer", "probes": False} | more)


def play(folder: Path, model: str = "standin/refuser", of: Any = None, **more: Any) -> EvalLog:
    """Play a task, and give its log as the file holds it."""
    more = {"display": "none", "log_dir": str(folder), "log_realtime": False} | more
    return read_eval_log(evaluate(of or task(), model=model, **more)[0].location)


class Flaky(StandIn):
    """A stand-in whose provider fails as often as `failures` says."""

    failures = 0

    async def generate(self, *arguments: Any, **options: Any) -> ModelOutput:
        if Flaky.failures:
            Flaky.failures -= 1
            raise RuntimeError("the provider hung up")
        return await super().generate(*arguments, **options)


@modelapi(name="flaky")
def flaky() -> type[Flaky]:
    return Flaky


ZSTANDARD = 93


def rewritten(source: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """An archive with its members changed, or left out where the change gives nothing."""
    with ZipFile(source) as old, ZipFile(target, "w", ZSTANDARD) as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target
