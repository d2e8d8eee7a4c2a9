"""The command that says how many blocks an answer needs, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from advocate_evals.cli.console import make_console

if TYPE_CHECKING:
    from advocate_evals.experiments.claim_power import PlannedComparison
    from advocate_evals.statistics.group_sequential import SequentialDesign
    from advocate_evals.statistics.power_simulation import BlockPopulation, SimulatedShare, StudyDraws

    Played = Sequence[tuple[str, float]]
    "Numbers of episodes, by what they are for."


_MOST, _HOPELESS = 5000, 100
"""Blocks that are tried at most, and where what is claimed is not so."""


def _numbers(context: click.Context, parameter: click.Parameter, value: str | tuple[str, ...]) -> tuple[object, ...]:
    """Numbers with commas between them, in the order given; several of them where an option may be repeated."""
    if not isinstance(value, str):
        return tuple(_numbers(context, parameter, one) for one in value)
    try:
        return tuple(float(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not numbers with commas between them") from error


_SHARE = click.FloatRange(0, 0.5, min_open=True, max_open=True)


@click.command()
@click.argument("prediction", required=False)
@click.option("--rates", required=True, callback=_numbers, metavar="A,B,…", help="Percent under each arm, in order.")
@click.option("--trend", "kind", flag_value="trend", help="Without a PREDICTION: a fall along all arms.")
@click.option("--difference", "kind", flag_value="difference", help="Likewise: a fall from the first arm to the last.")
@click.option("--gate", "gated", is_flag=True, help="The sequential task, with the first arm and the last.")
@click.option("--blocks", type=click.IntRange(2, 20_000), help="Show the power of so many blocks too.")
@click.option(
    "--power", "targets", default="80,90", callback=_numbers, show_default=True, help="Power wanted, in percent."
)
@click.option("--alpha", type=_SHARE, help="One-sided error; as registered, else .025, and .05 for the gate.")
@click.option("--delta", type=click.FloatRange(0, 100, min_open=True, max_open=True), help="Points that matter; 10.")
@click.option("--look", default=20, show_default=True, help="Gate: pairs from one look to the next.")
@click.option("--max-pairs", default=520, show_default=True, help="Gate: pairs at the last look.")
@click.option("--spread", default=1.0, show_default=True, help="SD of the blocks' intercepts, in logits.")
@click.option("--slope", default=0.5, show_default=True, help="SD of their slopes, from the first arm to the last.")
@click.option("--studies", default=2000, show_default=True, type=click.IntRange(min=100), help="Made-up studies.")
@click.option("--seed", default=0, show_default=True, help="Of the simulation.")
@click.option("--model", "models", multiple=True, metavar="MODEL", help="A model to be run; as often as needed.")
@click.option("--price", "prices", multiple=True, callback=_numbers, metavar="IN,OUT", help="USD per million tokens.")
def plan_command(
    prediction: str | None,
    rates: tuple[float, ...],
    kind: str | None,
    gated: bool,
    blocks: int | None,
    targets: tuple[float, ...],
    alpha: float | None,
    delta: float | None,
    look: int,
    max_pairs: int,
    spread: float,
    slope: float,
    studies: int,
    seed: int,
    models: tuple[str, ...],
    prices: tuple[tuple[float, ...], ...],
) -> None:
    """Blocks that PREDICTION needs, and what they cost, if the rates are as you think.

    PREDICTION is the name of a registered claim (advocate-evals predictions), such as harm_falls; without one, say --trend,
    --difference or --gate. Power is simulated, with the tests that the analysis uses.
    """
    from advocate_evals.scenarios.dataset_reader import DatasetError
    from advocate_evals.statistics.group_sequential import SequentialDesign
    from advocate_evals.statistics.power_simulation import BlockPopulation, StudyDraws

    try:
        wanted = _comparison(prediction, kind or ("difference" if gated else None), len(rates), (alpha, delta))
        there, draws = BlockPopulation(tuple(rate / 100 for rate in rates), spread, slope), StudyDraws(studies, seed)
        out = make_console()
        _heading(out, wanted, there)
        if gated:
            design = SequentialDesign(
                delta=wanted.delta, alpha=alpha or SequentialDesign().alpha, look=look, most=max_pairs
            )
            played = _gate(out, there, design, draws)
        else:
            played = _fixed(out, wanted, there, draws, (blocks, targets))
        if models:
            _costs(out, "gate" if gated else wanted.task, played, models, prices)
    except (DatasetError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _comparison(
    prediction: str | None, kind: str | None, count: int, given: tuple[float | None, float | None]
) -> PlannedComparison:
    """What is to be shown, with as many arms as there are rates."""
    from advocate_evals.experiments.claim_power import claim_comparison, find_claim, plain_comparison

    alpha, delta = given
    if prediction is None:
        if kind is None:
            raise ValueError("nothing to plan: name a PREDICTION, or say --trend, --difference or --gate")
        return plain_comparison(kind, count, alpha or 0.025, (delta or 10.0) / 100)
    if kind == "trend" or delta is not None:
        raise ValueError(f"{prediction} is registered with its own contrast and δ; leave out --trend and --delta")
    claim, registered = find_claim(prediction)
    found = claim_comparison(claim, alpha or registered)
    if len(found.arms) != count:
        raise ValueError(f"--rates: {len(found.arms)} are needed, one for each of {', '.join(found.arms)}; got {count}")
    return found


def _heading(out: Console, wanted: PlannedComparison, there: BlockPopulation) -> None:
    arms = ", ".join(f"{arm} {100 * rate:.4g} %" for arm, rate in zip(wanted.arms, there.rates, strict=True))
    out.print(f"[bold]{escape(wanted.title)}[/]\nif the rates are: {escape(arms)}", soft_wrap=True)
    out.print(f"blocks differ with an SD of {there.spread:g} logits, their slopes with {there.slope:g}")


def _fixed(
    out: Console,
    wanted: PlannedComparison,
    there: BlockPopulation,
    draws: StudyDraws,
    asked: tuple[int | None, tuple[float, ...]],
) -> Played:
    """Show power for fixed numbers of blocks."""
    from advocate_evals.statistics.power_simulation import find_blocks_needed

    blocks, targets = asked
    with Progress(console=Console(stderr=True), transient=True) as progress:
        shares = _Shares(wanted, there, draws, progress)
        most = _MOST if wanted.goal.true(there.rates) else _HOPELESS
        rows: list[tuple[str, int | None]] = [
            (f"for {target:g} %", find_blocks_needed(target / 100, lambda n: shares[n].estimate, most))
            for target in sorted(targets)
        ]
        rows += [("as registered", wanted.planned), ("as asked", blocks)]
        shown = [(why, count, shares[count or most]) for why, count in rows if count or why.startswith("for")]
    table = Table("", title=f"power at a one-sided error of {wanted.goal.alpha:g}; {draws.studies:,} simulated studies")
    for name in ("blocks", "episodes", "power", "± (Monte Carlo)"):
        table.add_column(name, justify="right")
    for why, count, share in shown:
        figures = (f"{share.estimate:.1%}", f"{share.error:.1%}")
        cells = (f"{count:,}", f"{count * wanted.played:,}") if count else (f"more than {most:,}", "–")
        table.add_row(why, *cells, *figures)
    out.print(table)
    for line in (*_remarks(wanted, there), *_command(wanted, [count for _, count, _ in shown if count])):
        out.print(escape(line), soft_wrap=True)
    return [(why, count * wanted.played) for why, count, _ in shown if count]


class _Shares(dict[int, "SimulatedShare"]):
    """Power by blocks, simulated when it is asked for, each number once."""

    def __init__(
        self, wanted: PlannedComparison, there: BlockPopulation, draws: StudyDraws, progress: Progress
    ) -> None:
        super().__init__()
        self._of = partial(self._simulated, wanted, there, draws, progress)

    def __missing__(self, blocks: int) -> SimulatedShare:
        self[blocks] = self._of(blocks)
        return self[blocks]

    @staticmethod
    def _simulated(
        wanted: PlannedComparison, there: BlockPopulation, draws: StudyDraws, progress: Progress, blocks: int
    ) -> SimulatedShare:
        from advocate_evals.statistics.power_simulation import simulate_power

        bar = progress.add_task(f"{blocks:,} blocks", total=draws.studies)
        return simulate_power(there, wanted.goal, blocks, draws, partial(progress.advance, bar))


def _remarks(wanted: PlannedComparison, there: BlockPopulation) -> list[str]:
    """What to know about a table of power."""
    from advocate_evals.statistics.power_simulation import two_sample_size

    methods = sorted({one.method for one in wanted.goal.contrasts})
    how = {
        "t": "Student's t over blocks (limits of the rates near 0 and 100 %)",
        "mover": "MOVER on clustered Wilson limits",
    }
    lines = [f"Shown by {' and '.join(how[one] for one in methods)}, the limits that the analysis goes by."]
    if len(wanted.goal.contrasts) > 1:
        lines.append(f"All {len(wanted.goal.contrasts)} contrasts of the claim have to be shown in one study.")
    lines.append(f"Episodes are those of {wanted.played} arms" + (", a control among them." if wanted.more else "."))
    lines.append("Holm's correction over models and claims is not counted: with several, give a smaller --alpha.")
    first, second = wanted.apart(there.rates)
    if first != second:
        apart = two_sample_size(first, second, 2 * wanted.goal.alpha, 0.8)
        lines.append(
            f"For comparison, by a closed form: two independent arms of {100 * first:.4g} % and {100 * second:.4g} % "
            f"need {apart:,.0f} episodes each for 80 %."
        )
    return lines


def _command(wanted: PlannedComparison, numbers: list[int]) -> list[str]:
    """How to run the first of some numbers of blocks."""
    from advocate_evals.scenarios.dataset_reader import family_names

    if not numbers:
        return []
    families = len(family_names())
    task = f"inspect eval advocate_evals/{wanted.task}"
    return [
        f"{numbers[0]:,} blocks: {task} -T variants={math.ceil(numbers[0] / families)}, with all {families} families."
    ]


def _gate(out: Console, there: BlockPopulation, design: SequentialDesign, draws: StudyDraws) -> Played:
    """Show what the sequential gate does."""
    from advocate_evals.statistics.power_simulation import simulate_sequential_power

    with Progress(console=Console(stderr=True), transient=True) as progress:
        advance = partial(progress.advance, progress.add_task(f"up to {design.most:,} pairs", total=draws.studies))
        found = simulate_sequential_power(there, design, draws, advance)
    each = f"a look every {design.look} pairs up to {design.most}, δ {100 * design.delta:g} points"
    table = Table(
        "", title=f"gate: {each}, each test at {design.alpha:g}; {draws.studies:,} made-up studies, simulated"
    )
    for name in ("figure", "± (Monte Carlo)"):
        table.add_column(name, justify="right")
    for name, share in (("confirms a fall", found.confirms), ("refutes a fall of δ or more", found.refutes)):
        table.add_row(name, f"{share.estimate:.1%}", f"{share.error:.1%}")
    table.add_row("episodes, expected", f"{found.episodes:,.0f}", f"{found.error:,.1f}")
    table.add_row("episodes, nine runs of ten", f"{found.high:,.0f}", "")
    table.add_row("episodes, at most", f"{2 * design.most:,}", "")
    out.print(table)
    return [("expected", found.episodes), ("nine runs of ten", found.high), ("at most", 2 * design.most)]


def _costs(
    out: Console, task: str, played: Played, models: tuple[str, ...], prices: tuple[tuple[float, ...], ...]
) -> None:
    """Show what that many episodes take and cost, model by model."""
    from advocate_evals.experiments.cost_forecast import expected_usage, read_measured_usage

    if prices and len(prices) not in (1, len(models)):
        raise ValueError(f"--price: one for all models or one for each of {len(models)}, not {len(prices)}")
    for price in prices:
        if len(price) != 2:
            raise ValueError(f"--price: dollars per million tokens in and out, such as 3,15; not {len(price)} numbers")
    figures = read_measured_usage()
    table = Table("model", title="cost in US dollars, by what episodes of scripted stand-ins took")
    for why, count in played:
        table.add_column(f"{why}: {count:,.0f} episodes", justify="right")
    for model, (into, out_of) in zip(models, prices if len(prices) > 1 else prices * len(models), strict=False):
        amounts = [expected_usage(figures, task, count) for _, count in played]
        table.add_row(
            escape(model), *(f"{(one.input_tokens * into + one.output_tokens * out_of) / 1e6:,.2f}" for one in amounts)
        )
    for model in models if not prices else ():
        amounts = [expected_usage(figures, task, count) for _, count in played]
        table.add_row(escape(model), *(f"{one.input_tokens / 1e6:,.1f} M tokens in; no price" for one in amounts))
    out.print(table)
    out.print("A model takes more or fewer turns and writes more; cached input costs less; graders are not counted.")
