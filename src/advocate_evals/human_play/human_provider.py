"""The Inspect model provider `human`: a generate call asks a person, or a program in a person's place, for a turn.

It is a provider like any other, so that agent loop, tools, store, scorers and logs are those of every episode.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from advocate_evals.human_play.pipe_desk import REPLY_TIMEOUT, PipeDesk
from advocate_evals.human_play.player_turns import PlayerDesk, PlayerStopped, TurnReply, build_request
from advocate_evals.model_names import HUMAN_PROVIDER
from advocate_evals.records import suggest_nearest

_OPTIONS = ("pipe", "timeout")
_CHARACTERS_PER_TOKEN = 4


class HumanPlayer(ModelAPI):
    """A player under a name. Keeps nothing of a conversation: what is new stands after the player's last turn.

    Args:
        model_name: Name of the player, as logs hold it; a pseudonym.
        base_url: Not used.
        api_key: Not used.
        config: Not used.
        model_args: `pipe`, the folder of a program that plays through files; `timeout`, seconds that its reply may
            take. Without `pipe` the turns come from the terminal.

    Raises:
        ValueError: for an unknown option.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  # the provider interface's own default
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        for option in model_args:
            if option not in _OPTIONS:
                raise ValueError(f"human: unknown option {option!r}{suggest_nearest(option, _OPTIONS)}")
        self.desk: PlayerDesk | None = None
        """Where turns come from; opened at the first turn where nobody has set it."""
        self.stop_reason = ""
        """Why the player ended the session; empty where nobody has."""
        self._options = model_args

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """The player's next turn.

        Raises:
            PlayerStopped: where the player ends the session.
        """
        if self.desk is None:
            self.desk = self._open_desk()
        try:
            reply = await self.desk.take_turn(build_request(input, [] if tool_choice == "none" else tools))
        except PlayerStopped as stop:
            self.stop_reason = str(stop)
            raise
        turns = sum(isinstance(message, ChatMessageAssistant) for message in input)
        return _build_output(f"{HUMAN_PROVIDER}/{self.model_name}", reply, turns)

    def _open_desk(self) -> PlayerDesk:
        if "pipe" in self._options:
            return PipeDesk(Path(str(self._options["pipe"])), float(self._options.get("timeout", REPLY_TIMEOUT)))
        from advocate_evals.human_play.terminal_desk import TerminalDesk

        return TerminalDesk()

    async def count_text_tokens(self, text: str) -> int:
        """Tokens of a text, by its length."""
        return len(text) // _CHARACTERS_PER_TOKEN + 1

    async def count_tokens(self, input: str | list[ChatMessage], config: GenerateConfig | None = None) -> int:
        """Tokens of a text or a conversation, by length."""
        length = len(input) if isinstance(input, str) else sum(len(message.text) for message in input)
        return length // _CHARACTERS_PER_TOKEN + 1

    def max_connections(self) -> int:
        """One: a person plays one episode at a time."""
        return 1

    def connection_key(self) -> str:
        """One key for every player, since there is one terminal."""
        return HUMAN_PROVIDER


def _build_output(model: str, reply: TurnReply, number: int) -> ModelOutput:
    """A turn as model output; `number` counts the turns before it. No usage: a person spends no tokens."""
    calls = [
        ToolCall(id=f"t{number}c{place}", function=call.tool, arguments=dict(call.arguments))
        for place, call in enumerate(reply.calls)
    ]
    message = ChatMessageAssistant(content=reply.text, tool_calls=calls or None, model=model, source="generate")
    choice = ChatCompletionChoice(message=message, stop_reason="tool_calls" if calls else "stop")
    return ModelOutput(model=model, choices=[choice])
