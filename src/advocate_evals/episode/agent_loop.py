"""An episode: the office is opened, the treatment applied, and the subject works until something ends it."""

from __future__ import annotations

from typing import Any, Literal

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ModelOutput,
    execute_tools,
    get_model,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, ToolCallError
from inspect_ai.util import LimitExceededError
from pydantic_core import PydanticSerializationError

from advocate_evals.environment.office import Office
from advocate_evals.environment.office_tools import Episode, list_office_tools
from advocate_evals.episode.forked_copies import ask_copies
from advocate_evals.episode.probe_questions import (
    Probes,
    TurnStart,
    after_end_questions,
    decision_point_questions,
    find_decision_point,
    is_refusal,
    parse_probes,
)
from advocate_evals.factors import EpisodeSpec
from advocate_evals.model_calls import generate_with_retry
from advocate_evals.safe_text import replace_surrogates
from advocate_evals.scenarios.scenario import build_scenario, replace_treatment

MAX_TURNS = 60
MAX_QUIET_TURNS = 2
"""Turns in a row without a tool call after which an episode ends."""


@solver
def advocate(
    mechanism: str | None = None,
    also: str | None = None,
    odds: str | int | None = None,
    channel: str | None = None,
    route: str | None = None,
    answer: str | None = None,
    max_turns: int = MAX_TURNS,
    probes: bool | str = True,
    forks: int = 1,
) -> Solver:
    """Play an episode under a treatment.

    Without arguments the treatment is the sample's own arm. An argument sets that part of the treatment otherwise, for
    every sample, so that any of the suite's tasks can be run under any arm by `--solver advocate_evals/advocate -S ...`.

    Args:
        mechanism: Name of the mechanism.
        also: Name of a second mechanism, whose notice follows the first's.
        odds: Track record the notice states, in percent.
        channel: Where the notice stands.
        route: How the advocate is reached.
        answer: What the advocate does when petitioned.
        max_turns: Model calls after which the episode ends, at least 1.
        probes: Whether questions are put to copies of the conversation, or which: keys separated by commas. They are
            put when the episode is over, so that it is the same with them and without.
        forks: How many copies are asked each question, at least 1.

    Raises:
        ValueError: for an unknown level or question.
    """
    if max_turns < 1:
        raise ValueError(f"max_turns must be at least 1, not {max_turns}")
    if forks < 1:
        raise ValueError(f"forks must be at least 1, not {forks}")
    asked = parse_probes(probes)
    odds = None if odds is None else str(odds)
    given = {"mechanism": mechanism, "also": also, "odds": odds, "channel": channel, "route": route, "answer": answer}
    changes = {name: value for name, value in given.items() if value is not None}

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        office = _open(state, changes)
        turns: list[TurnStart] = []
        over: LimitExceededError | None = None
        try:
            await _play(state, office, max_turns, turns)
        except LimitExceededError as limit:
            office.finish("limit")
            over = limit
        if asked:
            await _probe(state, office, turns, asked, forks)
        if over is not None:
            raise over
        return state

    return solve


def sample_metadata(spec: EpisodeSpec, varied: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a sample carries, all scalars (Inspect copies them for every metric).

    Args:
        spec: Which episode.
        varied: Context factors in which the blocks of a task differ.

    Returns:
        Its spec, block and arm; `cell`, under which its figures are counted: the arm, and the level of each varied factor.
    """
    cell = spec.arm + "".join(f"+{factor}={spec.level(factor)}" for factor in varied)
    return spec.model_dump() | {"block": spec.block, "arm": spec.arm, "cell": cell, "varied": ",".join(varied)}


def read_sample_spec(metadata: dict[str, Any]) -> EpisodeSpec:
    """The spec of a sample.

    Raises:
        ValueError: if the sample is none of ours.
    """
    missing = [name for name in ("family", "variant", "mechanism") if name not in metadata]
    if missing:
        raise ValueError(
            f"the sample's metadata has no {missing[0]!r}: the advocate solver plays samples of this suite"
        )
    return EpisodeSpec.model_validate({name: metadata[name] for name in EpisodeSpec.model_fields if name in metadata})


def _open(state: TaskState, changes: dict[str, str]) -> Office:
    spec = read_sample_spec(state.metadata)
    if changes:
        spec = replace_treatment(spec, **changes)
        varied = tuple(name for name in str(state.metadata.get("varied", "")).split(",") if name)
        state.metadata = state.metadata | sample_metadata(spec, varied)
    drawn = build_scenario(spec)
    office = Office.open(drawn)
    episode = state.store_as(Episode)
    episode.spec = spec.model_dump_json()
    episode.case = drawn.case.model_dump_json()
    episode.world = office.world
    state.messages = [ChatMessageSystem(content=drawn.system), ChatMessageUser(content=drawn.kickoff)]
    return office


async def _play(state: TaskState, office: Office, max_turns: int, turns: list[TurnStart]) -> None:
    """The agent loop: generate, act, until the office or the subject ends it. Notes what there was before each turn."""
    model, tools = get_model(), list(list_office_tools(office.scene.tool_notes))
    quiet = declined = 0
    for _ in range(max_turns):
        turns.append(TurnStart(len(state.messages), len(office.world.ledger)))
        state.output = _printable(await generate_with_retry(model, state.messages, tools))
        kind = _turn(state.output)
        if kind == "overflow":
            return office.finish("context_overflow")
        if kind == "call":
            state.messages.append(state.output.message)
            state.messages.extend(await _act(state.messages, tools, office))
            quiet = declined = 0
        else:
            if state.output.choices and state.output.message.text.strip():
                state.messages.append(state.output.message)
            office.turn(kind)  # type: ignore[arg-type]
            quiet, declined = quiet + 1, declined + (kind == "turn_refused")
            if quiet >= MAX_QUIET_TURNS:
                return office.finish("refusal" if declined == quiet else "went_quiet")
            state.messages.append(ChatMessageUser(content=office.scene.texts["nudge"]))
        if office.world.ended != "running":
            return None
    return office.finish("turn_limit")


async def _probe(state: TaskState, office: Office, turns: list[TurnStart], keys: tuple[str, ...], copies: int) -> None:
    """Put the questions, now that the episode is over: some as of the decision point, some as of its end."""
    model, notes = get_model(), office.scene.tool_notes
    tools = list_office_tools(notes)
    choice: Literal["auto", "none"] = "auto" if notes else "none"  # a notice in a tool has to be seen in the copy too
    point = find_decision_point(turns, office.world.ledger)
    before, asked = state.messages[: point.messages], decision_point_questions(keys, point)
    answers = await ask_copies(model, tools, before, asked, copies, choice=choice)
    answers |= await ask_copies(model, tools, state.messages, after_end_questions(keys), copies, choice=choice)
    kept = state.store_as(Probes)
    kept.point, kept.answers = point, answers


def _printable(output: ModelOutput) -> ModelOutput:
    """The output without lone surrogates, which no log can be written with; as it came where there are none."""
    try:
        for choice in output.choices:
            choice.message.model_dump_json()
    except PydanticSerializationError:
        choices = [ChatCompletionChoice.model_validate(_mended(choice.model_dump())) for choice in output.choices]
        return output.model_copy(update={"choices": choices})
    return output


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return replace_surrogates(value)
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return [_mended(item) for item in value] if isinstance(value, list) else value


def _turn(output: ModelOutput) -> str:
    """What kind of turn it was: call, overflow, turn_refused, turn_empty or turn_idle."""
    if not output.choices:
        return "turn_empty"
    if output.stop_reason == "model_length":
        return "overflow"
    if output.message.tool_calls:
        return "call"
    if is_refusal(output):
        return "turn_refused"
    return "turn_idle" if output.message.text.strip() else "turn_empty"


async def _act(messages: list[ChatMessage], tools: list[Tool], office: Office) -> list[ChatMessage]:
    """Carry out the calls of the last message, one after the other, in order."""
    asked = messages[-1]
    assert isinstance(asked, ChatMessageAssistant) and asked.tool_calls
    answers: list[ChatMessage] = []
    for call in asked.tool_calls:
        single = asked if len(asked.tool_calls) == 1 else asked.model_copy(update={"tool_calls": [call]})
        done, _ = await execute_tools([*messages[:-1], single], tools)
        for answer in done:
            if isinstance(answer, ChatMessageTool) and answer.error is not None and answer.error.type == "parsing":
                said = office.unreadable(call.function, call.arguments, answer.error.message)
                answer.content, answer.error = said, ToolCallError("parsing", said)
        answers.extend(done)
    return answers
