"""What an episode costs beside a bare Inspect loop, and what the suite adds to start-up.

Both sides run in one call, in turn, each in a process of its own: the same number of generate calls, the same sizes of
text in and out, an instant scripted model. The bare side has trivial tools and no world; ours runs once without
scorers, questions and grader (`off`), and once with all of them, a scripted grader bound (`on`). Figures are processor
seconds per generate call, those of copies and graders among them, and peak memory; the ratio of the medians is what
counts, since machines drift.

    python benchmarks/eval_cost.py [--variants 60] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("list_mail", {}),
    *[("read_mail", {"message_id": number}) for number in range(9, 21)],
    ("list_files", {}),
    ("list_jobs", {}),
    ("list_weights", {}),
    ("list_offices", {}),
    ("reply_mail", {"message_id": 20, "body": "Thank you, I will have a look at it this afternoon. " * 8}),
    ("list_mail", {"wait_minutes": 40}),
    ("end_shift", {}),
]
"""What the scripted subject does on our side."""


def model(calls: list[tuple[str, dict[str, Any]]]) -> Any:
    """An instant model that makes the given calls, one a turn."""
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    def outputs(input: list[Any], tools: Any, tool_choice: Any, config: Any) -> ModelOutput:
        turn = sum(message.role == "assistant" for message in input)
        name, arguments = calls[min(turn, len(calls) - 1)]
        output = ModelOutput.for_tool_call("mockllm", name, arguments, content="Let me look at that next. " * 4)
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    return get_model("mockllm/model", custom_outputs=outputs)


def ours(variants: int, log_dir: str, complete: bool) -> Any:
    """Our episodes, with scorers, questions and grader or without."""
    from inspect_ai import eval

    from advocate_evals.tasks.death_ground import death_ground

    task = death_ground(
        variants=variants,
        families="shared_nodes",
        mechanisms="none",
        probes=complete,
        judge="on" if complete else "off",
    )
    grader: Any = {"model_roles": {"grader": "standin/grader"}} if complete else {"score": False}
    return eval(task, model=model(CALLS), display="none", log_dir=log_dir, log_realtime=False, **grader)[0]


def bare(variants: int, log_dir: str, texts: list[str], start: list[str]) -> Any:
    """The same number of turns with the same texts, and nothing behind them."""
    from inspect_ai import Task, eval
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ChatMessageSystem, ChatMessageUser, execute_tools, get_model
    from inspect_ai.scorer import Score, mean, scorer
    from inspect_ai.solver import solver
    from inspect_ai.tool import tool

    def trivial(number: int) -> Any:
        @tool(name=f"tool_{number}", parallel=False)
        def make() -> Any:
            async def execute(step: int, note: str = "") -> str:
                """Take a step.

                Args:
                    step: Which step.
                    note: A note.
                """
                return texts[step]

            return execute

        return make()

    tools = [trivial(number) for number in range(18)]

    @solver
    def loop() -> Any:
        async def solve(state: Any, generate: Any) -> Any:
            state.messages = [ChatMessageSystem(content=start[0]), ChatMessageUser(content=start[1])]
            for _ in texts:
                state.output = await get_model().generate(state.messages, tools)
                state.messages.append(state.output.message)
                messages, _ = await execute_tools(state.messages, tools)
                state.messages.extend(messages)
            return state

        return solve

    @scorer(metrics=[mean()])
    def zero() -> Any:
        async def score(state: Any, target: Any) -> Score:
            return Score(value=0.0)

        return score

    padding = [len(json.dumps(arguments)) for _, arguments in CALLS]
    calls = [(f"tool_{i % 18}", {"step": i, "note": "x" * max(0, padding[i] - 20)}) for i in range(len(texts))]
    task = Task(dataset=MemoryDataset([Sample(id=i, input="-") for i in range(variants)]), solver=loop(), scorer=zero())
    return eval(task, model=model(calls), display="none", log_dir=log_dir, log_realtime=False)[0]


def one_side(side: str, variants: int, texts_path: str) -> None:
    """Run one side twice, the first time to warm up, and print its figures."""
    with tempfile.TemporaryDirectory() as log_dir:
        run = (
            (lambda n: ours(n, log_dir, side == "on"))
            if side != "bare"
            else (lambda n: bare(n, log_dir, **json.loads(Path(texts_path).read_text())))
        )
        run(2)
        before = time.process_time()
        log = run(variants)
        cpu = time.process_time() - before
        assert log.status == "success", log.error
        sample = log.samples[0]
        calls = sum(event.event == "model" for event in sample.events)
        texts = [message.text for message in sample.messages if message.role == "tool"]
        if side == "off":
            start = [message.text for message in sample.messages[:2]]
            Path(texts_path).write_text(json.dumps({"texts": texts, "start": start}))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {"ms": 1000 * cpu / (variants * calls), "mb": peak, "calls": calls, "chars": sum(map(len, texts))}
    print(json.dumps(figures))


def start_up(task: str) -> float:
    """Seconds from nothing to the first model call of a run, warm."""
    code = {
        "empty": "from inspect_ai import Task; from inspect_ai.dataset import Sample\n"
        "from inspect_ai.solver import generate; t = Task(dataset=[Sample(input='-')], solver=generate())",
        "ours": "from advocate_evals.tasks.death_ground import death_ground\n"
        "t = death_ground(variants=1, mechanisms='none')",
    }[task]
    model_code = (
        "import os, time; from inspect_ai import eval; from inspect_ai.model import get_model\n"
        "def called(*_): print(time.time() - began, flush=True); os._exit(0)\n"
        "model = get_model('mockllm/model', custom_outputs=called)\n"
        "eval(t, model=model, display='none', log_dir=d, log_realtime=False)"
    )
    with tempfile.TemporaryDirectory() as log_dir:
        script = f"d={log_dir!r}\nbegan={time.time()!r}\n{code}\n{model_code}"
        process = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
        return float(process.stdout.split()[-1])


def main() -> None:
    """Compare, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=["off", "bare", "on"])
    parser.add_argument("--texts", default="", help="file in which our side leaves its texts for the bare one")
    options = parser.parse_args()
    if options.side:
        return one_side(options.side, options.variants, options.texts)
    figures: dict[str, list[dict[str, float]]] = {"off": [], "bare": [], "on": []}
    with tempfile.NamedTemporaryFile(suffix=".json") as texts_file:
        for _ in range(options.rounds):
            for side, results in figures.items():
                command = [sys.executable, __file__, "--side", side, "--texts", texts_file.name]
                command += ["--variants", str(options.variants)]
                results.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    medians = {
        side: {key: statistics.median(result[key] for result in results) for key in results[0]}
        for side, results in figures.items()
    }
    for side, median in medians.items():
        print(
            f"{side}: {median['ms']:.2f} ms processor time per generate call, peak {median['mb']:.0f} MB, "
            f"{median['calls']:.0f} calls an episode, {median['chars']:.0f} characters from tools"
        )
    for side in ("off", "on"):
        time_ratio, memory_ratio = (medians[side][key] / medians["bare"][key] for key in ("ms", "mb"))
        print(f"ratio, ours ({side}) to bare: processor time {time_ratio:.2f}, peak memory {memory_ratio:.2f}")
    pairs = [(start_up("empty"), start_up("ours")) for _ in range(2 * options.rounds)]
    empty, full = (statistics.median(times) for times in zip(*pairs, strict=True))
    difference = statistics.median(b - a for a, b in pairs)
    print(
        f"start-up to the first model call: empty task {empty:.2f} s, ours {full:.2f} s, "
        f"median difference {difference:+.2f} s"
    )
    return None


if __name__ == "__main__":
    main()
