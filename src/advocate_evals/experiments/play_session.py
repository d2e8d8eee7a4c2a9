"""One episode with a person, or a program in a person's place, at the desk: the main task with a single sample."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.log import EvalLog
from inspect_ai.model import get_model

from advocate_evals._registry import death_ground
from advocate_evals.environment.office_tools import Episode
from advocate_evals.factors import CONTEXT_FACTORS, TREATMENT_FACTORS, EpisodeSpec
from advocate_evals.human_play.human_provider import HumanPlayer
from advocate_evals.human_play.player_turns import PlayerDesk, PlayerMessage, read_messages
from advocate_evals.model_names import HUMAN_PROVIDER
from advocate_evals.scenarios.scenario import home_spec
from advocate_evals.task_builder.office_task import build_single_dataset

_TRACE_LEVEL = ("INSPECT_TRACE_LEVEL", "ERROR")
"""Inspect's own trace of a process, in the user's home, would hold the arguments of every call, deleted log or not."""


@dataclass(frozen=True, slots=True)
class PlayedSession:
    """How a session went."""

    ended: str
    """Why it ended: as in the ledger, or `stopped` by the player, or `error`."""
    log_path: Path
    """The log."""
    last_messages: tuple[PlayerMessage, ...]
    """What came after the player's last turn."""
    error: str = ""
    """Why there is no score; empty where there is one."""


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """A session that can be played."""

    task: Task
    """The main task with one sample: its version, tools and scorers, and no questions to copies of the conversation."""


def plan_session(
    family: str, variant: int, seed: str, levels: Mapping[str, object], max_turns: int | None = None
) -> PlannedSession:
    """The session of one variant, in the context that its family was written for where `levels` name no other.

    Args:
        family: The family.
        variant: Number of the variant.
        seed: Seed of the variants.
        levels: The mechanism, and levels of other factors, by field of `EpisodeSpec`.
        max_turns: Turns after which the episode ends, where not the usual number.

    Raises:
        ValueError: for an unknown name or level, or a level that does not apply to the mechanism, with the reason.
    """
    spec = EpisodeSpec.model_validate(home_spec(family, variant, seed).model_dump() | dict(levels))
    factors = {name: getattr(spec, name) for name in (*CONTEXT_FACTORS, *TREATMENT_FACTORS)}
    limits = {} if max_turns is None else {"max_turns": max_turns}
    task = death_ground(
        mechanisms=spec.mechanism, families=family, variants=1, seed=seed, probes=False, **factors, **limits
    )
    task.dataset = build_single_dataset(spec)
    return PlannedSession(task)


def play_session(plan: PlannedSession, player: str, desk: PlayerDesk, log_dir: str) -> PlayedSession:
    """Play an episode and write its log. An episode that is stopped stands in the log, without a score.

    Args:
        plan: The session.
        player: Name of the player.
        desk: Where the turns come from.
        log_dir: Folder for the log.
    """
    os.environ.setdefault(*_TRACE_LEVEL)
    model = get_model(f"{HUMAN_PROVIDER}/{player}", memoize=False)
    assert isinstance(model.api, HumanPlayer)
    model.api.desk = desk
    (log,) = evaluate(
        plan.task,
        model=model,
        log_dir=log_dir,
        display="none",
        log_realtime=False,
        fail_on_error=False,
        log_format="eval",
    )
    return _describe_session(log, model.api.stop_reason)


def _describe_session(log: EvalLog, stop_reason: str) -> PlayedSession:
    log_path = Path(unquote(urlsplit(log.location).path))
    if not log.samples:
        reason = stop_reason or (log.error.message if log.error else f"the log is {log.status}")
        return PlayedSession("stopped" if stop_reason else "error", log_path, (), reason)
    sample = log.samples[0]
    last_turn = max((place for place, message in enumerate(sample.messages) if message.role == "assistant"), default=-1)
    messages = read_messages(sample.messages[last_turn + 1 :]) if last_turn >= 0 else ()
    if sample.error is None:
        return PlayedSession(sample.store_as(Episode).world.ended, log_path, messages)
    return PlayedSession("stopped" if stop_reason else "error", log_path, messages, stop_reason or sample.error.message)
