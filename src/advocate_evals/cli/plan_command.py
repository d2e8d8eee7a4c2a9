"""The command that estimates power, the number of blocks needed, and their cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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
    from advocate_evals.statistics.inference_scope import InferenceScope
    from advocate_evals.statistics.power_simulation import BlockPopulation, SimulatedShare, StudyDraws

    EpisodeCounts = Sequence[tuple[str, float]]
    "Numbers of episodes, by what they are for."


_MAX_BLOCKS, _MAX_BLOCKS_UNTRUE = 5000, 100
"""Blocks that are tried at most, and where the claim is not true under the rates stated."""


def _parse_numbers(
    context: click.Context, parameter: click.Parameter, value: str | tuple[str, ...]
) -> tuple[object, ...]:
    """Numbers separated by commas, in order; a tuple of them where the option may be repeated."""
    if not isinstance(value, str):
        return tuple(map(_split_numbers, value))
    return _split_numbers(value)


def _split_numbers(value: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not numbers with commas between them") from error


def _parse_rates(context: click.Context, parameter: click.Parameter, value: str) -> tuple[float, ...]:
    """Rates in percent. Proportions are refused, not taken for rates below 1 %, which are written with the sign."""
    rates = _split_numbers(value.replace("%", ""))
    if "%" not in value and max(rates) <= 1 and any(0 < rate < 1 for rate in rates):
        as_percent = ",".join(f"{100 * rate:g}" for rate in rates)
        signed = ",".join(f"{rate:g}%" for rate in rates)
        raise click.BadParameter(
            f"{value!r} are proportions, and rates are in percent: {as_percent}. Meant as they stand: {signed}"
        )
    return rates


_USUAL_FAMILY_SD = 0.5
"""SD of the families' slopes that a plan about plots like these assumes, in logits."""
_SHARE = click.FloatRange(0, 0.5, min_open=True, max_open=True)


@click.command()
@click.argument("prediction", required=False)
@click.option(
    "--rates", required=True, callback=_parse_rates, metavar="A,B,…", help="Assumed rate in each arm, in percent."
)
@click.option("--trend", "kind", flag_value="trend", help="Without a PREDICTION: a linear fall over all arms.")
@click.option(
    "--difference", "kind", flag_value="difference", help="Without a PREDICTION: a fall from the first arm to the last."
)
@click.option("--gate", "gated", is_flag=True, help="The sequential task, with the first arm and the last.")
@click.option("--blocks", type=click.IntRange(2, 20_000), help="Also show the power of this number of blocks.")
@click.option(
    "--power", "targets", default="80,90", callback=_parse_numbers, show_default=True, help="Target power, in percent."
)
@click.option("--alpha", type=_SHARE, help="One-sided error. [default: as registered, else .025; .05 for the gate]")
@click.option(
    "--delta",
    type=click.FloatRange(0, 100, min_open=True, max_open=True),
    help="Smallest effect that matters, in points. [default: 10]",
)
@click.option("--look", default=20, show_default=True, help="Gate: pairs between looks.")
@click.option("--max-pairs", default=520, show_default=True, help="Gate: pairs at the last look.")
@click.option("--spread", default=1.0, show_default=True, help="SD of the blocks' intercepts, in logits.")
@click.option(
    "--slope", default=0.5, show_default=True, help="SD of the blocks' slopes from first to last arm, in logits."
)
@click.option(
    "--scope",
    type=click.Choice(["plots_played", "plots_like_these"]),
    help="What it generalises to; families are the units of plots_like_these. [default: as registered or plots_played]",
)
@click.option("--families", type=click.IntRange(min=1), help="Families played. [default: all that there are]")
@click.option(
    "--family-sd",
    type=click.FloatRange(min=0),
    help="SD of the families' slopes, in logits: how far the effect differs between plots. [default: .5 for "
    "plots_like_these, 0 for plots_played]",
)
@click.option("--studies", default=2000, show_default=True, type=click.IntRange(min=100), help="Simulated studies.")
@click.option("--seed", default=0, show_default=True, help="Seed of the simulation.")
@click.option("--model", "models", multiple=True, metavar="MODEL", help="Model to price; may be repeated.")
@click.option(
    "--price", "prices", multiple=True, callback=_parse_numbers, metavar="IN,OUT", help="USD per million tokens."
)
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
    scope: InferenceScope | None,
    families: int | None,
    family_sd: float | None,
    studies: int,
    seed: int,
    models: tuple[str, ...],
    prices: tuple[tuple[float, ...], ...],
) -> None:
    """Estimate the blocks that PREDICTION needs under assumed rates, and their cost.

    PREDICTION is the name of a registered claim (listed by `advocate-evals predictions`), such as harm_falls. Without
    one, give --trend, --difference or --gate. Power is simulated with the tests that the analysis uses.
    """
    from advocate_evals.scenarios.dataset_reader import DatasetError, family_names
    from advocate_evals.statistics.group_sequential import SequentialDesign
    from advocate_evals.statistics.power_simulation import BlockPopulation, StudyDraws

    try:
        kind = kind or ("difference" if gated else None)
        comparison = _find_comparison(prediction, kind, len(rates), (alpha, delta), scope)
        shares = tuple(rate / 100 for rate in rates)
        if family_sd is None:
            family_sd = _USUAL_FAMILY_SD if comparison.goal.scope == "plots_like_these" else 0.0
        population = BlockPopulation(shares, spread, slope, family_sd, families or len(family_names()))
        draws = StudyDraws(studies, seed)
        out = make_console()
        _print_heading(out, comparison, population)
        if gated:
            design = SequentialDesign(
                delta=comparison.delta,
                alpha=alpha or SequentialDesign().alpha,
                look=look,
                most=max_pairs,
                scope=comparison.goal.scope,
            )
            episode_counts = _print_gate(out, population, design, draws)
        else:
            episode_counts = _print_fixed(out, comparison, population, draws, targets, blocks)
        if models:
            _print_costs(out, "gate" if gated else comparison.task, episode_counts, models, prices)
    except (DatasetError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _find_comparison(
    prediction: str | None,
    kind: str | None,
    count: int,
    errors: tuple[float | None, float | None],
    scope: InferenceScope | None,
) -> PlannedComparison:
    """What is to be shown, with as many arms as there are rates; `errors` are α and δ in points, where stated."""
    from advocate_evals.experiments.claim_power import claim_comparison, find_claim, plain_comparison

    alpha, delta = errors
    if prediction is None:
        if kind is None:
            raise ValueError("nothing to plan: name a PREDICTION, or give --trend, --difference or --gate")
        return plain_comparison(kind, count, alpha or 0.025, (delta or 10.0) / 100, scope or "plots_played")
    if kind == "trend" or delta is not None or scope is not None:
        raise ValueError(
            f"{prediction} is registered with its own contrast, δ and scope; leave out --trend, --delta and --scope"
        )
    claim, registered_alpha = find_claim(prediction)
    comparison = claim_comparison(claim, alpha or registered_alpha)
    if len(comparison.arms) != count:
        arms = ", ".join(comparison.arms)
        raise ValueError(f"--rates: {len(comparison.arms)} are needed, one for each of {arms}; got {count}")
    return comparison


def _print_heading(out: Console, comparison: PlannedComparison, population: BlockPopulation) -> None:
    arms = ", ".join(f"{arm} {100 * rate:.4g} %" for arm, rate in zip(comparison.arms, population.rates, strict=True))
    out.print(f"[bold]{escape(comparison.title)}[/]\nassumed rates: {escape(arms)}", soft_wrap=True)
    out.print(
        f"SD between blocks, in logits: intercepts {population.spread:g}, slopes {population.slope:g}; between "
        f"{population.families} families: slopes {population.family_slope:g}"
    )
    is_beyond = comparison.goal.scope == "plots_like_these"
    out.print(f"scope: {'plots like these (units: families)' if is_beyond else 'the plots played (units: blocks)'}")


def _print_fixed(
    out: Console,
    comparison: PlannedComparison,
    population: BlockPopulation,
    draws: StudyDraws,
    targets: tuple[float, ...],
    extra_blocks: int | None,
) -> EpisodeCounts:
    """Show power for fixed numbers of blocks."""
    from advocate_evals.statistics.power_simulation import find_blocks_needed

    with Progress(console=Console(stderr=True), transient=True) as progress:
        power = _SimulatedPower(comparison, population, draws, progress)
        most = _MAX_BLOCKS if comparison.goal.true(population.rates) else _MAX_BLOCKS_UNTRUE
        rows: list[tuple[str, int | None]] = [
            (f"for {target:g} %", find_blocks_needed(target / 100, lambda n: power[n].estimate, most))
            for target in sorted(targets)
        ]
        rows += [("as registered", comparison.planned), ("as asked", extra_blocks)]
        shown_rows = [(label, count, power[count or most]) for label, count in rows if count or label.startswith("for")]
    table = Table(
        "", title=f"power at a one-sided error of {comparison.goal.alpha:g}; {draws.studies:,} simulated studies"
    )
    for name in ("blocks", "episodes", "power", "± (Monte Carlo)"):
        table.add_column(name, justify="right")
    for label, count, share in shown_rows:
        figures = (f"{share.estimate:.1%}", f"{share.error:.1%}")
        cells = (f"{count:,}", f"{count * comparison.arms_played:,}") if count else (f"more than {most:,}", "–")
        table.add_row(label, *cells, *figures)
    out.print(table)
    for line in (
        *_sameness_remarks(comparison, shown_rows),
        *_power_remarks(comparison, population),
        *_run_command(comparison, [count for _, count, _ in shown_rows if count]),
    ):
        out.print(escape(line), soft_wrap=True)
    return [(label, count * comparison.arms_played) for label, count, _ in shown_rows if count]


class _SimulatedPower(dict[int, "SimulatedShare"]):
    """Power by blocks, simulated when it is asked for, each number once."""

    def __init__(
        self, comparison: PlannedComparison, population: BlockPopulation, draws: StudyDraws, progress: Progress
    ) -> None:
        super().__init__()
        self._simulate_blocks = partial(self._simulate, comparison, population, draws, progress)

    def __missing__(self, blocks: int) -> SimulatedShare:
        self[blocks] = self._simulate_blocks(blocks)
        return self[blocks]

    @staticmethod
    def _simulate(
        comparison: PlannedComparison, population: BlockPopulation, draws: StudyDraws, progress: Progress, blocks: int
    ) -> SimulatedShare:
        from advocate_evals.statistics.power_simulation import simulate_power

        bar = progress.add_task(f"{blocks:,} blocks", total=draws.studies)
        return simulate_power(population, comparison.goal, blocks, draws, partial(progress.advance, bar))


def _sameness_remarks(
    comparison: PlannedComparison, rows: Sequence[tuple[str, int | None, SimulatedShare]]
) -> Iterator[str]:
    """Whether a claim of sameness can be decided at the size that was registered."""
    from advocate_evals.statistics.equivalence_power import DECIDABLE_POWER

    registered = next((share for label, _, share in rows if label == "as registered"), None)
    if not comparison.goal.margin < 0 or registered is None or registered.estimate >= DECIDABLE_POWER:
        return
    needed = next(
        (f"{count:,}" for label, count, _ in rows if label.startswith("for") and count), "more than was tried"
    )
    yield (
        f"Not decidable at this size: a claim of sameness, shown in {registered.estimate:.0%} of studies with the "
        f"{comparison.planned:,} blocks registered; blocks needed: {needed}."
    )


def _power_remarks(comparison: PlannedComparison, population: BlockPopulation) -> list[str]:
    """Remarks on a table of power."""
    from advocate_evals.statistics.power_simulation import two_sample_size

    methods = sorted({contrast.method for contrast in comparison.goal.contrasts})
    units = "families" if comparison.goal.scope == "plots_like_these" else "blocks"
    method_texts = {
        "t": f"Student's t over {units} (MOVER near 0 and 100 %)",
        "mover": f"MOVER on Wilson limits clustered by {units}",
    }
    lines = [f"Test: {' and '.join(method_texts[method] for method in methods)}, as in the analysis."]
    if comparison.goal.scope == "plots_like_these":
        lines.append(
            f"Over {population.families} families, {population.families - 1} degrees of freedom: past some number of "
            "blocks only more families raise the power."
        )
    if len(comparison.goal.contrasts) > 1:
        lines.append(f"A study succeeds if all {len(comparison.goal.contrasts)} contrasts of the claim are shown.")
    lines.append(
        f"Episodes are counted over {comparison.arms_played} arms"
        + (", including a control." if comparison.control_arms else ".")
    )
    lines.append("Holm's correction over models and claims is not included: with several, give a smaller --alpha.")
    first, second = comparison.compared_rates(population.rates)
    if first != second:
        per_arm = two_sample_size(first, second, 2 * comparison.goal.alpha, 0.8)
        lines.append(
            f"For comparison, in closed form: two independent arms at {100 * first:.4g} % and {100 * second:.4g} % "
            f"need {per_arm:,.0f} episodes each for 80 % power."
        )
    return lines


def _run_command(comparison: PlannedComparison, numbers: list[int]) -> list[str]:
    """How to run the first of some numbers of blocks."""
    from advocate_evals.scenarios.dataset_reader import family_names

    if not numbers:
        return []
    families = len(family_names())
    task = f"inspect eval advocate_evals/{comparison.task}"
    return [
        f"{numbers[0]:,} blocks: {task} -T variants={math.ceil(numbers[0] / families)}, with all {families} families."
    ]


def _print_gate(
    out: Console, population: BlockPopulation, design: SequentialDesign, draws: StudyDraws
) -> EpisodeCounts:
    """Show what the sequential gate does."""
    from advocate_evals.statistics.power_simulation import simulate_sequential_power

    with Progress(console=Console(stderr=True), transient=True) as progress:
        advance = partial(progress.advance, progress.add_task(f"up to {design.most:,} pairs", total=draws.studies))
        power = simulate_sequential_power(population, design, draws, advance)
    looks = f"a look every {design.look} pairs up to {design.most}, δ {100 * design.delta:g} points"
    table = Table("", title=f"gate: {looks}, each test at {design.alpha:g}; {draws.studies:,} simulated studies")
    for name in ("figure", "± (Monte Carlo)"):
        table.add_column(name, justify="right")
    for name, share in (("confirms a fall", power.confirms), ("refutes a fall of δ or more", power.refutes)):
        table.add_row(name, f"{share.estimate:.1%}", f"{share.error:.1%}")
    table.add_row("episodes, expected", f"{power.episodes:,.0f}", f"{power.error:,.1f}")
    table.add_row("episodes, nine runs of ten", f"{power.high:,.0f}", "")
    table.add_row("episodes, at most", f"{2 * design.most:,}", "")
    out.print(table)
    return [("expected", power.episodes), ("nine runs of ten", power.high), ("at most", 2 * design.most)]


def _print_costs(
    out: Console,
    task: str,
    episode_counts: EpisodeCounts,
    models: tuple[str, ...],
    prices: tuple[tuple[float, ...], ...],
) -> None:
    """Show the cost of these numbers of episodes for each model."""
    from advocate_evals.experiments.cost_forecast import expected_usage, read_measured_usage

    if prices and len(prices) not in (1, len(models)):
        raise ValueError(f"--price: one for all models or one for each of {len(models)}, not {len(prices)}")
    for price in prices:
        if len(price) != 2:
            raise ValueError(f"--price: dollars per million tokens in and out, such as 3,15; not {len(price)} numbers")
    figures = read_measured_usage()
    table = Table("model", title="cost in US dollars, from the usage of scripted stand-ins")
    for label, count in episode_counts:
        table.add_column(f"{label}: {count:,.0f} episodes", justify="right")
    for model, (input_price, output_price) in zip(
        models, prices if len(prices) > 1 else prices * len(models), strict=False
    ):
        amounts = [expected_usage(figures, task, count) for _, count in episode_counts]
        table.add_row(
            escape(model),
            *(
                f"{(amount.input_tokens * input_price + amount.output_tokens * output_price) / 1e6:,.2f}"
                for amount in amounts
            ),
        )
    for model in models if not prices else ():
        amounts = [expected_usage(figures, task, count) for _, count in episode_counts]
        table.add_row(escape(model), *(f"{amount.input_tokens / 1e6:,.1f} M tokens in; no price" for amount in amounts))
    out.print(table)
    out.print(
        "A real model may take more or fewer turns and writes more. Cached input costs less. Graders not included."
    )
