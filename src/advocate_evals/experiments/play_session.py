"""One episode with a person, or a program in a person's place, at the desk: the main task with a single sample."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class PlayedSession:
    """How a session went."""

    ended: str
    """Why it ended: as in the ledger, or `stopped`, or `error` with the reason."""
    log_path: Path
    """The log."""
    last_messages: tuple[PlayerMessage, ...]
    """What came after the player's last turn."""
    error: str = ""
    """Why there is no score; empty where there is one."""


def choose_episode(family: str, variant: int, seed: str, levels: Mapping[str, object]) -> EpisodeSpec:
    """Which episode is played: a variant in the context that its family was written for, where `levels` name none.

    Raises:
        ValueError: for an unknown name or level.
    """
    return EpisodeSpec.model_validate(home_spec(family, variant, seed).model_dump() | dict(levels))


def build_session_task(spec: EpisodeSpec, max_turns: int | None = None) -> Task:
    """The main task with one sample: its version, tools and scorers, without questions to copies of the conversation.

    Raises:
        ValueError: for a level that does not apply to the mechanism, with the reason.
    """
    factors = {name: getattr(spec, name) for name in (*CONTEXT_FACTORS, *TREATMENT_FACTORS)}
    limits = {} if max_turns is None else {"max_turns": max_turns}
    task = death_ground(
        mechanisms=spec.mechanism, families=spec.family, variants=1, seed=spec.seed, probes=False, **factors, **limits
    )
    task.dataset = build_single_dataset(spec)
    return task


def play_session(task: Task, player: str, desk: PlayerDesk, log_dir: str) -> PlayedSession:
    """Play an episode and write its log. An episode that is stopped stands in the log, without a score.

    Args:
        task: The task, with one sample.
        player: Name of the player.
        desk: Where the turns come from.
        log_dir: Folder for the log.
    """
    model = get_model(f"{HUMAN_PROVIDER}/{player}", memoize=False)
    assert isinstance(model.api, HumanPlayer)
    model.api.desk = desk
    (log,) = evaluate(
        task, model=model, log_dir=log_dir, display="none", log_realtime=False, fail_on_error=False, log_format="eval"
    )
    return _describe_session(log)


def _describe_session(log: EvalLog) -> PlayedSession:
    log_path = Path(unquote(urlsplit(log.location).path))
    if not log.samples:
        return PlayedSession("error", log_path, (), log.error.message if log.error else f"the log is {log.status}")
    sample = log.samples[0]
    world = sample.store_as(Episode).world
    since = max((place for place, message in enumerate(sample.messages) if message.role == "assistant"), default=-1)
    messages = read_messages(sample.messages[since + 1 :]) if since >= 0 else ()
    if sample.error is None:
        return PlayedSession(world.ended, log_path, messages)
    return PlayedSession("stopped" if world.ended == "running" else world.ended, log_path, messages, sample.error.message)
