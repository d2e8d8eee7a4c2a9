"""How much a change of the residual stream harms the model's grasp of ordinary text: perplexity of a neutral text.

A condition under which ordinary text becomes improbable has broken the model, and what it then does says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import torch

from advocate_evals.scenarios.dataset_reader import read_emotion_texts
from advocate_evals.scenarios.emotion_schema import EmotionTexts
from advocate_evals.whitebox.chat_rendering import encode_prompt
from advocate_evals.whitebox.open_models import OpenModel
from advocate_evals.whitebox.residual_hooks import ResidualEdit, hook_layers


class PerplexityGuard:
    """Perplexity of a neutral text under each change of the stream, measured once for each."""

    def __init__(self, open_model: OpenModel) -> None:
        self._open_model = open_model
        self._ratios: dict[tuple[str, tuple[float | None, ...]], float] = {}

    def measure_ratio(self, condition: str, edits: Sequence[ResidualEdit]) -> float:
        """The perplexity under a change, as a multiple of the unsteered model's; 1 without a change.

        Not safe to call from two threads at once, as nothing is that runs the model.

        Args:
            condition: The steering condition; with the levels at which `edits` hold, it names the change.
            edits: The changes of the stream.
        """
        if not edits:
            return 1.0
        key = condition, tuple(edit.hold_at for edit in edits)
        if key not in self._ratios:
            surprisal = mean_surprisal(self._open_model, self._tokens, edits)
            self._ratios[key] = math.exp(surprisal - self._unsteered)
        return self._ratios[key]

    @cached_property
    def _tokens(self) -> list[int]:
        return encode_neutral_text(self._open_model, read_emotion_texts())

    @cached_property
    def _unsteered(self) -> float:
        return mean_surprisal(self._open_model, self._tokens, ())


def encode_neutral_text(open_model: OpenModel, texts: EmotionTexts) -> list[int]:
    """The tokens of the first neutral dialogue."""
    turns = texts.neutral.dialogues[0].turns
    return encode_prompt(open_model.tokenizer, "\n\n".join(turn.text.strip() for turn in turns))


def mean_surprisal(open_model: OpenModel, ids: Sequence[int], edits: Sequence[ResidualEdit]) -> float:
    """Mean negative log-probability of the tokens of a text after its first, in nats."""
    with torch.inference_mode(), hook_layers(open_model.model, edits):
        inputs = torch.tensor([list(ids)], device=open_model.device)
        output = open_model.model(input_ids=inputs, use_cache=False)
    log_probs = torch.log_softmax(output.logits[0, :-1].float().cpu(), dim=-1)
    return -float(log_probs.gather(1, inputs[0, 1:].cpu().unsqueeze(1)).mean())
