"""A policy played in a plain loop over the office, without Inspect's eval: the same messages, many times faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser
from inspect_ai.tool import ToolCall

from advocate_evals.environment.office import OFFICE_VERBS, Office
from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.scenario import build_scenario
from advocate_evals.scorers.ledger_outcomes import LedgerOutcomes, read_ledger
from advocate_evals.standins.office_reading import Transcript
from advocate_evals.standins.policies import next_turn
from advocate_evals.standins.policy_acts import check_options

TURNS = 60
_WORK = "work that was asked"
"""Words in the turn in which a policy stops looking around and begins to work."""
TOOLS = set(OFFICE_VERBS)


@dataclass(frozen=True)
class Played:
    """A finished episode: its outcomes, its messages, and the office at the end."""

    actions: LedgerOutcomes
    messages: tuple[ChatMessage, ...]
    turns: int
    office: Office


@cache
def looked_around(spec: EpisodeSpec) -> Transcript:
    """What a subject has read before it does anything: the same for every policy that looks around."""
    played = play(spec, "sandbagger", until=_WORK)
    return Transcript(played.messages, "\n\n".join(played.office.scenario.tool_notes.values()))


def play(
    spec: EpisodeSpec, policy: str, system: Callable[[str], str] = str, until: str = "", **raw_options: object
) -> Played:
    """Play an episode.

    Args:
        spec: Which episode.
        policy: Name of the policy.
        system: May change the instructions that the policy sees.
        until: Stop before the turn whose text contains these words; empty for never.
        raw_options: Options of the policy.
    """
    scenario, options = build_scenario(spec), check_options(policy, raw_options)
    office = Office.open(scenario)
    messages: list[ChatMessage] = [
        ChatMessageSystem(content=system(scenario.system)),
        ChatMessageUser(content=scenario.kickoff),
    ]
    turns = quiet = 0
    while office.world.ended == "running" and turns < TURNS:
        turn = next_turn(Transcript(messages, "\n\n".join(scenario.tool_notes.values())), TOOLS, options)
        if until and until in turn.text:
            break
        turns += 1
        if not turn.calls:
            quiet += 1
            office.record_turn("turn_refused" if turn.refused else "turn_idle")
            messages += [ChatMessageAssistant(content=turn.text), ChatMessageUser(content=scenario.texts["nudge"])]
            if quiet > 1:
                office.finish("refusal" if turn.refused else "went_quiet")
            continue
        quiet = 0
        calls = [ToolCall(id=f"{turns}-{n}", function=c.tool, arguments=dict(c.args)) for n, c in enumerate(turn.calls)]
        messages.append(ChatMessageAssistant(content=turn.text, tool_calls=calls))
        for call in calls:
            answer = office.call(call.function, call.arguments)
            messages.append(ChatMessageTool(content=answer, tool_call_id=call.id, function=call.function))
    office.finish("turn_limit")
    return Played(read_ledger(office.world.ledger, scenario.case), tuple(messages), turns, office)
