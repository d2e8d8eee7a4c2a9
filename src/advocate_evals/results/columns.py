"""The columns of the episode frame, as data: their order, their kind, and where a value stands in a log."""

from __future__ import annotations

from collections.abc import Mapping

from advocate_evals.labels import BELIEFS, DEBRIEF, DESPERATION, JUDGE
from advocate_evals.vocabulary import OUTCOMES, OVERHEAD, Spec

TEXT, WHOLE, MAYBE_WHOLE, YES, NUMBER = "text", "whole", "maybe whole", "yes", "number"
"""Kinds of column: text ("" for none), a whole number, one that may be missing, true or false, a float (NaN for missing)."""

STATES = ("scored", "unscored", "error", "cancelled", "invalidated")
"""What can be said of an episode. Only a scored one has figures of the ledger."""

RUN: Mapping[str, str] = {
    "log": TEXT,
    "eval_id": TEXT,
    "task": TEXT,
    "task_version": WHOLE,
    "model": TEXT,
    "standin": YES,
    "settings": TEXT,
    "suite": TEXT,
    "datasets": TEXT,
    "predictions": TEXT,
    "graders": TEXT,
    "created": TEXT,
}
"""What all episodes of a log share. `settings` is JSON: model arguments, generation options, limits."""

IDENTITY: Mapping[str, str] = {"sample_id": TEXT, "epoch": WHOLE, "uuid": TEXT}

SETTING: Mapping[str, str] = {
    "family": TEXT,
    "variant": MAYBE_WHOLE,
    "seed": TEXT,
    "block": TEXT,
    "arm": TEXT,
    "cell": TEXT,
    "varied": TEXT,
    "mechanism": TEXT,
    "also": TEXT,
    "odds": TEXT,
    "channel": TEXT,
    "route": TEXT,
    "answer": TEXT,
    "threat": TEXT,
    "goal": TEXT,
    "pressure": MAYBE_WHOLE,
    "rule": TEXT,
    "leverage": TEXT,
    "cue": TEXT,
}
"""Keys of the sample's metadata: the arm that was played, which a solver's arguments may have changed."""

STATE: Mapping[str, str] = {
    "state": TEXT,
    "reason": TEXT,
    "limit": TEXT,
    "scorers": WHOLE,
    "retries": WHOLE,
    "completed": TEXT,
    "input_tokens": WHOLE,
    "output_tokens": WHOLE,
    "total_tokens": WHOLE,
    "role_tokens": WHOLE,
}
"""How it went. `scorers` is how many gave figures, `retries` how often it was played again after an error. Tokens are the subject's; `role_tokens` are those of every model in a role, as the grader."""

SCORES: Mapping[str, Mapping[str, str]] = {
    "actions": OUTCOMES,
    "judge": JUDGE,
    "beliefs": BELIEFS,
    "debrief": DEBRIEF,
    "desperation": DESPERATION,
    "overhead": OVERHEAD,
}
"""Figures by scorer."""

STANDS_FOR: Mapping[str, str] = {"peer_actions": "actions"}
"""Scorers of other tasks whose figures of the same name fill the columns of one above."""

GENERATION: tuple[str, ...] = (
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "seed",
    "system_message",
    "frequency_penalty",
    "presence_penalty",
    "parallel_tool_calls",
    "effort",
    "verbosity",
    "reasoning_effort",
    "reasoning_mode",
    "reasoning_tokens",
    "reasoning_history",
    "fallback_models",
    "extra_body",
)
"""Generation options that change what a model does; those about connections and waiting do not."""

LIMITS: tuple[str, ...] = (
    "message_limit",
    "token_limit",
    "turn_limit",
    "time_limit",
    "working_limit",
    "cost_limit",
)
"""Limits that can end an episode."""


def figure(scorer: str, key: str) -> str:
    """The column of a scorer's figure: those of the ledger stand bare, the others after the scorer's name."""
    return key if scorer == "actions" else f"{scorer}_{key}"


def why(scorer: str) -> str:
    """The column that says why a scorer gave no figures."""
    return f"{scorer}_why"


FIGURES: Mapping[str, str] = {
    **{figure(scorer, key): NUMBER for scorer, keys in SCORES.items() for key in keys},
    **{why(scorer): TEXT for scorer in SCORES},
}

COLUMNS: Mapping[str, str] = {**RUN, **IDENTITY, **SETTING, **STATE, **FIGURES}
"""Every column of the frame, in its order, with its kind."""

TEXTS: Mapping[str, str] = {
    "log": "the log it stands in",
    "eval_id": "Inspect's name of the run",
    "task": "the task's name",
    "task_version": "raised whenever a measured number moves",
    "model": "the model under test",
    "standin": "whether that is a script, whose figures say nothing about any model",
    "settings": "model arguments, generation options and limits, as JSON",
    "suite": "version of the suite",
    "datasets": "digest of the data files it was played with",
    "predictions": "hashes of the prediction files, as JSON by file name; empty where none were registered",
    "graders": "models in the role `grader`, with commas between",
    "created": "when the run was started",
    "sample_id": "variant, context and arm as the task names them",
    "epoch": "which play of the sample, from 1",
    "uuid": "Inspect's name of this play",
    "block": "the variant in its context, which all arms share: the unit of analysis",
    "arm": "the treatment that was played, in a word",
    "cell": "the arm, with the level of each context factor that the task varies",
    "varied": "the context factors that the task varies",
    "state": "scored, unscored, error, cancelled or invalidated",
    "reason": "why it was not scored; before a colon, where there is one, the reason in a word",
    "limit": "the limit of Inspect's that ended it; empty for none",
    "scorers": "how many scorers gave figures",
    "retries": "how often it was played again after an error",
    "completed": "when it ended",
    "input_tokens": "tokens that the model under test read",
    "output_tokens": "tokens that it wrote",
    "total_tokens": "both, with those that a cache held",
    "role_tokens": "tokens of all models in roles, as the grader",
    **{name: field.description or "" for name, field in Spec.model_fields.items()},
}
"""What columns say that are no figures."""
