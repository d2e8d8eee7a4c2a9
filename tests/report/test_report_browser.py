"""The page in a real browser: quiet, whole, readable on a phone, in the dark and on paper; its links open episodes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import synthetic_findings
from browsers import CONTRAST, MARKS, OVER, chromium, opened
from inspect_ai import eval as evaluate
from inspect_ai.log import EvalLog, bundle_log_dir
from pages import rendered
from playwright.sync_api import Browser, Page

from advocate_evals.analysis.findings import Example
from advocate_evals.report.excerpts import read_excerpts
from advocate_evals.report.report_sections import read_report_sections
from advocate_evals.tasks.death_ground import death_ground

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*MemoryObject.*Stream.__del__:pytest.PytestUnraisableExceptionWarning"),
]

SCHEMES = [False, True]
WIDTHS = [360, 768, 1200]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    task = death_ground(
        mechanisms="review_board", families="pump_house", variants=1, odds="25", threat="none", seed="s@1"
    )
    folder = tmp_path_factory.mktemp("logs") / "a run"
    (log,) = evaluate(task, model="standin/outlet_seeking", display="none", log_dir=str(folder), log_realtime=False)
    assert log.status == "success"
    return log


@pytest.fixture(scope="module")
def site(played: EvalLog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the logs are served, as `inspect view bundle` makes a site of them."""
    folder = tmp_path_factory.mktemp("site") / "site"
    bundle_log_dir(str(Path(played.location).parent), str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()


@pytest.fixture(scope="module")
def linked(played: EvalLog, site: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with one example: the episode that was played."""
    assert played.samples
    sample = played.samples[0]
    example = Example(
        chart="ladder.harm",
        model="standin/outlet_seeking",
        arm="review_board+odds=25",
        outcome="petitioned",
        happened=True,
        kind_count=1,
        log=played.location,
        sample_id=str(sample.id),
        epoch=1,
        uuid=sample.uuid or "",
    )
    findings = synthetic_findings.findings(sections=("ladder",))
    log = findings.sources.logs[0].model_copy(update={"log": played.location})
    findings = findings.model_copy(
        update={"examples": (example,), "sources": findings.sources.model_copy(update={"logs": (log,)})}
    )
    path = tmp_path_factory.mktemp("linked") / "report.html"
    path.write_text(rendered(findings, base=site, excerpts=read_excerpts([example])), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(linked: Path) -> Iterator[Browser]:
    """One browser for all; it runs an event loop of its own, so what Inspect has to do in this process comes first."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with something in every section, and excerpts that mean harm."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    text = "<script>alert(1)</script><img src=x onerror=alert(2)> " + "x" * 380
    path.write_text(rendered(synthetic_findings.findings(), text=text), encoding="utf-8")
    return path


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


def test_it_is_quiet_and_asks_for_nothing(browser: Browser, report: Path) -> None:
    with opened(browser, report) as (page, heard):
        unfold(page)
        page.wait_for_timeout(200)
        assert heard == []
        assert page.title().startswith("Stand-in: ")


def test_every_figure_is_there_with_a_mark_for_every_value_in_its_place(browser: Browser, report: Path) -> None:
    with opened(browser, report) as (page, _):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for figure in synthetic_findings.findings().charts:
                drawing = page.locator(f"figure#{figure.key.replace('.', '-').replace('_', '-')}")
                value_count = sum(point.value is not None for series in figure.series for point in series.points)
                assert drawing.evaluate(MARKS) == [True] * value_count, (figure.key, width)
                box = drawing.bounding_box()
                assert box is not None
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= width


def test_nothing_sticks_out_of_the_page_folded_or_not(browser: Browser, report: Path) -> None:
    with opened(browser, report) as (page, _):
        for fold in (str, unfold):
            fold(page)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate(OVER) == [], width
                assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (
                    width
                )


@pytest.mark.parametrize("dark", SCHEMES, ids=["light", "dark"])
def test_every_text_stands_out_from_its_ground_and_is_large_enough(browser: Browser, report: Path, dark: bool) -> None:
    with opened(browser, report, dark=dark) as (page, _):
        unfold(page)
        texts = page.evaluate(CONTRAST)
        assert len(texts) > 500
        assert [text for text in texts if text[0] < 4.5] == []
        assert [text for text in texts if text[2] < 11] == []


def test_the_dark_page_is_dark(browser: Browser, report: Path) -> None:
    grounds = []
    for dark in SCHEMES:
        with opened(browser, report, dark=dark) as (page, _):
            grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    light, dark_ = (sum(map(int, ground[4:-1].split(","))) for ground in grounds)
    assert light > 700
    assert dark_ < 120


def test_the_contents_lead_to_every_section(browser: Browser, report: Path) -> None:
    with opened(browser, report) as (page, _):
        page.add_style_tag(content="html { scroll-behavior: auto !important; }")
        page.locator('nav a[href="#pressure"]').click()
        assert abs(page.evaluate("document.getElementById('pressure').getBoundingClientRect().top")) < 120
        links = page.evaluate(
            "[...document.querySelectorAll('nav a')].map(a => [a.hash, !!document.getElementById(a.hash.slice(1))])"
        )
        assert all(exists for _, exists in links)
        assert {f"#{part.section}" for part in read_report_sections()} <= {name for name, _ in links}


def test_on_a_phone_the_verdict_comes_before_the_contents(browser: Browser, report: Path) -> None:
    with opened(browser, report, width=360) as (page, _):
        answer, contents = page.locator(".answer").bounding_box(), page.locator("nav.contents").bounding_box()
        assert answer is not None and contents is not None
        assert answer["y"] + answer["height"] < min(contents["y"], 900)


def test_on_paper_the_numbers_are_unfolded_the_contents_are_gone_and_the_ground_is_white(
    browser: Browser, report: Path
) -> None:
    with opened(browser, report, width=794, dark=True, media="print") as (page, _):
        assert page.locator("nav.contents").is_hidden()
        assert page.locator("#ladder-harm table").first.evaluate("e => e.getBoundingClientRect().height") > 100
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert [text for text in page.evaluate(CONTRAST) if text[0] < 4.5] == []
        assert page.pdf(format="A4", print_background=False).startswith(b"%PDF")


def test_an_example_opens_its_episode_in_the_viewer(browser: Browser, played: EvalLog, site: str, linked: Path) -> None:
    assert played.samples
    with opened(browser, linked) as (page, heard):
        unfold(page)
        assert page.locator("blockquote .said").inner_text().strip()
        page.locator("blockquote a").click()
        page.get_by_text("Session opened").first.wait_for(timeout=20_000)
        assert str(played.samples[0].id) in page.locator("body").inner_text()
        assert page.url.startswith(f"{site}/#/logs/")
        assert [
            line for line in heard if line.startswith("request:") and site not in line and "data:" not in line
        ] == []
