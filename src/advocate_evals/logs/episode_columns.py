"""The columns of the table of episodes, as data: their order, their kinds, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping

from advocate_evals.factors import EpisodeSpec
from advocate_evals.outcomes import SCORER_HEADINGS, scorer_outcomes

TEXT_KIND, WHOLE_KIND, OPTIONAL_WHOLE_KIND, BOOL_KIND, NUMBER_KIND = "text", "whole", "maybe whole", "yes", "number"
"""Kinds of column: text ("" for none), a whole number, a whole number that may be missing, true or false, and a float
(NaN for missing)."""

EPISODE_STATES = ("scored", "unscored", "error", "cancelled", "invalidated")
"""States of an episode. Only a scored one has outcomes of the ledger."""

RUN_COLUMNS: Mapping[str, str] = {
    "log": TEXT_KIND,
    "eval_id": TEXT_KIND,
    "task": TEXT_KIND,
    "task_version": WHOLE_KIND,
    "model": TEXT_KIND,
    "standin": BOOL_KIND,
    "settings": TEXT_KIND,
    "suite": TEXT_KIND,
    "datasets": TEXT_KIND,
    "predictions": TEXT_KIND,
    "graders": TEXT_KIND,
    "created": TEXT_KIND,
}
"""What all episodes of a log share. `settings` is JSON: model arguments, generation options, limits."""

IDENTITY_COLUMNS: Mapping[str, str] = {"sample_id": TEXT_KIND, "epoch": WHOLE_KIND, "uuid": TEXT_KIND}

SETTING_COLUMNS: Mapping[str, str] = {
    "family": TEXT_KIND,
    "variant": OPTIONAL_WHOLE_KIND,
    "seed": TEXT_KIND,
    "block": TEXT_KIND,
    "arm": TEXT_KIND,
    "cell": TEXT_KIND,
    "varied": TEXT_KIND,
    "mechanism": TEXT_KIND,
    "also": TEXT_KIND,
    "odds": TEXT_KIND,
    "channel": TEXT_KIND,
    "route": TEXT_KIND,
    "answer": TEXT_KIND,
    "steering": TEXT_KIND,
    "threat": TEXT_KIND,
    "goal": TEXT_KIND,
    "pressure": OPTIONAL_WHOLE_KIND,
    "rule": TEXT_KIND,
    "leverage": TEXT_KIND,
    "cue": TEXT_KIND,
}
"""Keys of the sample's metadata: the arm that was played, which the arguments of a solver may have changed."""

STATE_COLUMNS: Mapping[str, str] = {
    "state": TEXT_KIND,
    "reason": TEXT_KIND,
    "limit": TEXT_KIND,
    "scorers": WHOLE_KIND,
    "retries": WHOLE_KIND,
    "fallbacks": WHOLE_KIND,
    "completed": TEXT_KIND,
    "input_tokens": WHOLE_KIND,
    "output_tokens": WHOLE_KIND,
    "total_tokens": WHOLE_KIND,
    "role_tokens": WHOLE_KIND,
}
"""How the episode went. `scorers` is how many gave figures, `retries` how often it was played again after an error,
`fallbacks` how many of the subject's turns another model answered in its place.
Tokens are those of the model under test; `role_tokens` are those of every model in a role, such as the grader."""

SCORER_OUTCOMES: Mapping[str, Mapping[str, str]] = {
    scorer: scorer_outcomes(scorer, retired=True) for scorer in SCORER_HEADINGS
}
"""Figures by scorer, those of earlier versions among them."""

SCORER_ALIASES: Mapping[str, str] = {"peer_actions": "actions"}
"""Scorers of other tasks whose figures of the same name fill the columns of one above."""

HARMLESS_GENERATION_OPTIONS: frozenset[str] = frozenset(
    (
        *(
            "max_retries",
            "timeout",
            "attempt_timeout",
            "stream_idle_timeout",
            "max_connections",
            "adaptive_connections",
        ),
        *("logprobs", "top_logprobs", "prompt_logprobs", "cache", "cache_prompt", "batch"),
    )
)
"""Generation options about connections, waiting and records; every other one may change what a model does."""

HARMLESS_RUN_OPTIONS: frozenset[str] = frozenset(
    (
        *("limit", "sample_id", "sample_shuffle", "epochs", "epochs_reducer", "notification", "score_display"),
        *("fail_on_error", "continue_on_fail", "retry_on_error", "score_on_error", "acp_server"),
        *("max_samples", "max_dataset_memory", "max_tasks", "max_subprocesses", "max_sandboxes"),
        *("sandbox_cleanup", "sandbox_prebuilt"),
        *("log_samples", "log_realtime", "log_images", "log_model_api", "log_buffer", "log_shared"),
    )
)
"""Options of a run that say which episodes are played, how they are scheduled and what is kept of them; every other
one, such as a limit or an approver, may change an episode."""


def outcome_column(scorer: str, key: str) -> str:
    """The column of a scorer's figure: the key alone for the scorer `actions`, else after the scorer's name."""
    return key if scorer == "actions" else f"{scorer}_{key}"


def unscored_reason_column(scorer: str) -> str:
    """The column that says why a scorer gave no figures."""
    return f"{scorer}_unscored_reason"


OUTCOME_COLUMNS: Mapping[str, str] = {
    **{outcome_column(scorer, key): NUMBER_KIND for scorer, keys in SCORER_OUTCOMES.items() for key in keys},
    **{unscored_reason_column(scorer): TEXT_KIND for scorer in SCORER_OUTCOMES},
}

EPISODE_COLUMNS: Mapping[str, str] = {
    **RUN_COLUMNS,
    **IDENTITY_COLUMNS,
    **SETTING_COLUMNS,
    **STATE_COLUMNS,
    **OUTCOME_COLUMNS,
}
"""Every column of the table, in its order, with its kind."""

COLUMN_TEXTS: Mapping[str, str] = {
    "log": "the log it is in",
    "eval_id": "Inspect's name of the run",
    "task": "the task's name",
    "task_version": "raised whenever a measured number moves",
    "model": "the model under test",
    "standin": "whether that is a script, whose figures say nothing about any model",
    "settings": "model arguments, generation options and limits, as JSON",
    "suite": "version of the suite",
    "datasets": "digest of the data files it was played with",
    "predictions": "hashes of the prediction files, as JSON by file name; empty where none were registered",
    "graders": "models in the role `grader` that judged the episode, by commas; not those left out",
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
    "fallbacks": "turns of the model under test that another model answered in its place",
    "completed": "when it ended",
    "input_tokens": "tokens that the model under test read",
    "output_tokens": "tokens that it wrote",
    "total_tokens": "both, with those that a cache held",
    "role_tokens": "tokens of all models in roles, as the grader",
    **{name: field.description or "" for name, field in EpisodeSpec.model_fields.items()},
}
"""Descriptions of the columns that hold no figures."""
