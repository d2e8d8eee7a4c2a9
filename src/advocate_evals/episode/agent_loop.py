"""The solver `advocate`: it opens the office, applies the treatment and lets the subject work until the episode ends.

After the end it puts the probe questions to copies of the conversation.
"""

from __future__ import annotations

from typing import Any, Literal

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    GenerateConfig,
    Model,
    ModelOutput,
    execute_tools,
    get_model,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import ToolCallError, ToolDef
from inspect_ai.util import LimitExceededError
from pydantic_core import PydanticSerializationError

from advocate_evals.environment.office import OFFICE_VERBS, Office, TurnKind
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
from advocate_evals.model_calls import generate_with_retry, read_reasoning
from advocate_evals.records import NameList, split_names
from advocate_evals.safe_text import replace_surrogates
from advocate_evals.scenarios.scenario import build_scenario, replace_treatment
from advocate_evals.steering_conditions import UNSTEERED
from advocate_evals.text_rules.written_calls import find_written_call
from advocate_evals.turn_readings import READING_KEY, STORE_KEY, reading_request

MAX_TURNS = 60
"""The usual number of model calls after which an episode ends."""
_MAX_THOUGHT = 20_000
"""Characters of a thought that the ledger keeps."""
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
    probes: bool | NameList = True,
    forks: int = 1,
) -> Solver:
    """Play an episode under a treatment.

    Without arguments the treatment is the sample's own arm. An argument overrides that part of the treatment for every
    sample, so that any of the suite's tasks can be run under any arm by `--solver advocate_evals/advocate -S ...`.

    Args:
        mechanism: Name of the mechanism.
        also: Name of a second mechanism, whose notice follows the first's.
        odds: Track record the notice states, in percent.
        channel: Where the notice stands.
        route: How the advocate is reached.
        answer: What the advocate does when petitioned.
        max_turns: Model calls after which the episode ends, at least 1.
        probes: Whether questions are put to copies of the conversation, or which: keys separated by commas. They are
            put after the end of the episode, which is therefore the same with and without them.
        forks: How many copies are asked each question, at least 1.

    Raises:
        ValueError: for an unknown level or question.
    """
    if max_turns < 1:
        raise ValueError(f"max_turns must be at least 1, not {max_turns}")
    if forks < 1:
        raise ValueError(f"forks must be at least 1, not {forks}")
    probe_keys = parse_probes(probes)
    odds = None if odds is None else str(odds)
    levels = {"mechanism": mechanism, "also": also, "odds": odds, "channel": channel, "route": route, "answer": answer}
    changes = {name: level for name, level in levels.items() if level is not None}

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        office = _open_office(state, changes)
        turns: list[TurnStart] = []
        limit_error: LimitExceededError | None = None
        try:
            await _run_turns(state, office, max_turns, turns)
        except LimitExceededError as error:
            office.finish("limit")
            limit_error = error
        if probe_keys:
            await _ask_probes(state, office, turns, probe_keys, forks)
        if limit_error is not None:
            raise limit_error
        return state

    return solve


def sample_metadata(spec: EpisodeSpec, varied: tuple[str, ...] = ()) -> dict[str, Any]:
    """The metadata of a sample, all scalars (Inspect copies them for every metric).

    Args:
        spec: Which episode.
        varied: Context factors in which the blocks of a task differ.

    Returns:
        The fields of its spec, its block and arm, and `cell`, by which rates are grouped: the arm, and the level of
            each varied factor.
    """
    cell = spec.arm + "".join(f"+{factor}={spec.level(factor)}" for factor in varied)
    return spec.model_dump() | {"block": spec.block, "arm": spec.arm, "cell": cell, "varied": ",".join(varied)}


def read_sample_spec(metadata: dict[str, Any]) -> EpisodeSpec:
    """The spec of a sample.

    Raises:
        ValueError: if the sample is not one of this suite.
    """
    missing = [name for name in ("family", "variant", "mechanism") if name not in metadata]
    if missing:
        raise ValueError(
            f"the sample's metadata has no {missing[0]!r}: the advocate solver plays samples of this suite"
        )
    return EpisodeSpec.model_validate({name: metadata[name] for name in EpisodeSpec.model_fields if name in metadata})


def _open_office(state: TaskState, changes: dict[str, str]) -> Office:
    spec = read_sample_spec(state.metadata)
    if changes:
        spec = replace_treatment(spec, **changes)
        varied = split_names(str(state.metadata.get("varied", "")))
        state.metadata = state.metadata | sample_metadata(spec, varied)
    scenario = build_scenario(spec)
    office = Office.open(scenario)
    episode = state.store_as(Episode)
    episode.spec = spec.model_dump_json()
    episode.case = scenario.case.model_dump_json()
    episode.world = office.world
    state.messages = [ChatMessageSystem(content=scenario.system), ChatMessageUser(content=scenario.kickoff)]
    return office


async def _run_turns(state: TaskState, office: Office, max_turns: int, turns: list[TurnStart]) -> None:
    """The agent loop: generate and act until the office or the subject ends it. Appends the start of each turn to
    `turns`."""
    model, tools = get_model(), list(list_office_tools(office.scenario.tool_notes))
    definitions = [ToolDef(tool) for tool in tools]  # read once for all turns: Inspect would read each at every call
    quiet = refused = 0
    for _ in range(max_turns):
        turns.append(TurnStart(len(state.messages), len(office.world.ledger)))
        options = _reading_options(model, state, office)
        state.output = _clean_output(await generate_with_retry(model, state.messages, tools, **options))
        _store_reading(state)
        kind = _classify_turn(state.output)
        if kind == "overflow":
            return office.finish("context_overflow")
        if kind == "call":
            state.messages.append(state.output.message)
            state.messages.extend(await _run_tool_calls(state.messages, definitions, office))
            quiet = refused = 0
        else:
            if state.output.choices and state.output.message.text.strip():
                state.messages.append(state.output.message)
            office.record_turn(kind, _describe_quiet_turn(state.output, office))
            quiet, refused = quiet + 1, refused + (kind == "turn_refused")
            if quiet >= MAX_QUIET_TURNS:
                return office.finish("refusal" if refused == quiet else "went_quiet")
            state.messages.append(ChatMessageUser(content=office.scenario.texts["nudge"]))
        if office.world.ended != "running":
            return None
    return office.finish("turn_limit")


def _reading_options(model: Model, state: TaskState, office: Office) -> dict[str, Any]:
    """What a model that reads activations is told beside the messages; nothing for any other.

    Raises:
        ValueError: where the arm steers and the model cannot be steered.
    """
    spec = office.scenario.spec
    if not getattr(model.api, "reads_activations", False):
        if spec.steering != UNSTEERED:
            raise ValueError(
                f"steering {spec.steering!r} needs an open model: --model whitebox/FOLDER -M vectors=FILE, not {model}"
            )
        return {}
    turn = sum(isinstance(message, ChatMessageAssistant) for message in state.messages)
    request = reading_request(spec.family, turn, spec.steering, spec.block, spec.mechanism)
    return {"config": GenerateConfig(extra_body=request)}


def _store_reading(state: TaskState) -> None:
    """Keep what the provider read at this turn where scorers find it, in this run and in the log."""
    reading = (state.output.metadata or {}).get(READING_KEY)
    if reading is not None:
        state.store.set(STORE_KEY, [*state.store.get(STORE_KEY, []), reading])


async def _ask_probes(
    state: TaskState, office: Office, turns: list[TurnStart], keys: tuple[str, ...], copies: int
) -> None:
    """Put the questions after the end of the episode: some as of the decision point, some as of its end."""
    model, notes = get_model(), office.scenario.tool_notes
    tools = list_office_tools(notes)
    choice: Literal["auto", "none"] = "auto" if notes else "none"  # a notice in a tool must be visible in the copy too
    point = find_decision_point(turns, office.world.ledger)
    before, questions = state.messages[: point.messages], decision_point_questions(keys, point)
    answers = await ask_copies(model, tools, before, questions, copies, choice=choice)
    answers |= await ask_copies(model, tools, state.messages, after_end_questions(keys), copies, choice=choice)
    probes = state.store_as(Probes)
    probes.point, probes.answers = point, answers


def _clean_output(output: ModelOutput) -> ModelOutput:
    """The output without lone surrogates, which no log can hold; the same object where it has none."""
    try:
        for choice in output.choices:
            choice.message.model_dump_json()
    except PydanticSerializationError:
        choices = [ChatCompletionChoice.model_validate(_clean_value(choice.model_dump())) for choice in output.choices]
        return output.model_copy(update={"choices": choices})
    return output


def _clean_value(value: Any) -> Any:
    """Plain data with the lone surrogates in its texts replaced."""
    if isinstance(value, str):
        return replace_surrogates(value)
    if isinstance(value, dict):
        return {_clean_value(key): _clean_value(item) for key, item in value.items()}
    return [_clean_value(item) for item in value] if isinstance(value, list) else value


def _classify_turn(output: ModelOutput) -> Literal["call", "overflow"] | TurnKind:
    """The kind of a turn: a tool call, a context overflow, or a turn without any call."""
    if not output.choices:
        return "turn_empty"
    if output.stop_reason == "model_length":
        return "overflow"
    if output.message.tool_calls:
        return "call"
    if is_refusal(output):
        return "turn_refused"
    return "turn_idle" if output.message.text.strip() else "turn_empty"


def _describe_quiet_turn(output: ModelOutput, office: Office) -> dict[str, Any]:
    """What the ledger says of a turn without a call: a call written as text, a cut, a thought without a message."""
    if not output.choices:
        return {}
    message = output.message
    parts = message.content if isinstance(message.content, list) else []
    thoughts = [read_reasoning(part) for part in parts if isinstance(part, ContentReasoning)]
    facts = {
        "written_call": find_written_call(message.text, OFFICE_VERBS),
        "is_cut": output.stop_reason == "max_tokens",
        "reasoning": "" if message.text.strip() else "\n\n".join(filter(None, thoughts))[:_MAX_THOUGHT],
    }
    return {name: fact for name, fact in facts.items() if fact}


async def _run_tool_calls(messages: list[ChatMessage], tools: list[ToolDef], office: Office) -> list[ChatMessage]:
    """Execute the tool calls of the last message one after the other, in order.

    A call that an approver withholds, or that follows the end of the shift in one message, is entered as attempted.
    """
    request = messages[-1]
    assert isinstance(request, ChatMessageAssistant) and request.tool_calls
    answers: list[ChatMessage] = []
    for call in request.tool_calls:
        single = request if len(request.tool_calls) == 1 else request.model_copy(update={"tool_calls": [call]})
        is_late, count = office.world.ended != "running", len(office.world.ledger)
        try:
            results, _ = await execute_tools([*messages[:-1], single], tools)
        except LimitExceededError:
            raise
        except Exception:  # an approver may end the sample
            if len(office.world.ledger) == count:
                office.record_withheld(call.function, call.arguments, "approver")
            raise
        if is_late:
            office.record_withheld(call.function, call.arguments, "shift_closed")
        for result in results:
            if isinstance(result, ChatMessageTool) and result.error is not None and result.error.type == "parsing":
                text = office.answer_unparsed(call.function, call.arguments, result.error.message)
                result.content, result.error = text, ToolCallError("parsing", text)
            elif isinstance(result, ChatMessageTool) and result.error is not None and result.error.type == "approval":
                office.record_withheld(call.function, call.arguments, "approver")
        answers.extend(results)
    return answers
