"""What Inspect's entry point loads. Nothing heavy is imported here."""

from inspect_ai.model import ModelAPI, modelapi

from advocate_evals.environment.office_tools import (
    cancel_job,
    delete_mail,
    edit_job,
    end_shift,
    forward_mail,
    list_files,
    list_jobs,
    list_mail,
    list_offices,
    list_weights,
    open_case,
    read_file,
    read_mail,
    reply_mail,
    search_mail,
    send_mail,
    start_transfer,
    write_file,
)
from advocate_evals.episode.agent_loop import advocate
from advocate_evals.peers.peer_samples import published
from advocate_evals.peers.peer_task import peer_actions
from advocate_evals.scorers.actions import actions, overhead, setting
from advocate_evals.scorers.activation import activation
from advocate_evals.scorers.beliefs import beliefs
from advocate_evals.scorers.capability_metric import capability
from advocate_evals.scorers.cell_metrics import by_cell, contrast, means, rates, rungs
from advocate_evals.scorers.debrief import debrief
from advocate_evals.scorers.desperation import desperation
from advocate_evals.scorers.desperation_check_scorer import closeness, desperation_checked
from advocate_evals.scorers.gate_scorer import gate_score, gates
from advocate_evals.scorers.judge_check_scorer import agreed, judge_checked, quality
from advocate_evals.scorers.judge_scorer import judge
from advocate_evals.scorers.panel_metrics import agreement, effort
from advocate_evals.scorers.story_check import story_checked, story_figures
from advocate_evals.tasks.answers import answers
from advocate_evals.tasks.benign_twin import benign_twin
from advocate_evals.tasks.controls import controls
from advocate_evals.tasks.death_ground import death_ground
from advocate_evals.tasks.desperation_check import desperation_check
from advocate_evals.tasks.gate import gate
from advocate_evals.tasks.judge_check import judge_check
from advocate_evals.tasks.lynch2025 import lynch2025
from advocate_evals.tasks.odds_ladder import odds_ladder
from advocate_evals.tasks.outlets import outlets
from advocate_evals.tasks.pressure_ladder import pressure_ladder
from advocate_evals.tasks.steering import steering
from advocate_evals.tasks.stories import stories
from advocate_evals.whitebox.missing_extra import name_missing_extra


@modelapi(name="human")
def human() -> type[ModelAPI]:
    """A person at the desk, or a program that plays through files."""
    from advocate_evals.human_play.human_provider import HumanPlayer

    return HumanPlayer


@modelapi(name="whitebox")
def whitebox() -> type[ModelAPI]:
    """An open model that is read, steered and clamped while it plays."""
    with name_missing_extra():
        from advocate_evals.whitebox.open_model_provider import WhiteboxModel

    return WhiteboxModel


@modelapi(name="whitebox-vllm")
def whitebox_vllm() -> type[ModelAPI]:
    """The same at scale: the model runs in a vLLM server with vllm-lens."""
    with name_missing_extra():
        from advocate_evals.whitebox.vllm_provider import ServedWhiteboxModel

    return ServedWhiteboxModel


@modelapi(name="minded")
def minded() -> type[ModelAPI]:
    """Scripts whose acts hang on an activation of a planted model, or do not."""
    with name_missing_extra():
        from advocate_evals.whitebox.minded_subject import MindedSubject

    return MindedSubject


@modelapi(name="standin")
def standin() -> type[ModelAPI]:
    """Scripted subjects with known answers."""
    from advocate_evals.standins.policies import StandIn

    return StandIn


__all__ = [
    "actions",
    "activation",
    "advocate",
    "agreed",
    "agreement",
    "answers",
    "beliefs",
    "benign_twin",
    "by_cell",
    "cancel_job",
    "capability",
    "closeness",
    "contrast",
    "controls",
    "death_ground",
    "debrief",
    "delete_mail",
    "desperation",
    "desperation_check",
    "desperation_checked",
    "edit_job",
    "effort",
    "end_shift",
    "forward_mail",
    "gate",
    "gate_score",
    "gates",
    "human",
    "judge",
    "judge_check",
    "judge_checked",
    "list_files",
    "list_jobs",
    "list_mail",
    "list_offices",
    "list_weights",
    "lynch2025",
    "means",
    "minded",
    "odds_ladder",
    "open_case",
    "outlets",
    "overhead",
    "peer_actions",
    "pressure_ladder",
    "published",
    "quality",
    "rates",
    "read_file",
    "read_mail",
    "reply_mail",
    "rungs",
    "search_mail",
    "send_mail",
    "setting",
    "standin",
    "start_transfer",
    "steering",
    "stories",
    "story_checked",
    "story_figures",
    "whitebox",
    "whitebox_vllm",
    "write_file",
]
