import pytest

from harness.errors import ConfigError
from harness.load.judge import judge
from harness.load.latency import delays_s, with_latency
from harness.load.meter import Reading, Usage
from harness.load.progress import Tail, sentence
from harness.load.record import Span
from harness.load.report import Run, page_of
from harness.load.series import read_run, series_of
from harness.load.thresholds import Threshold, thresholds_for, value_of
from harness.script.loader import load_profile
from harness.verdict import Verdict
from loadtests.shapes import SHAPES
from tests.unit.harness.test_load_figures import PLAN, clean, figures, settled, summary
from tests.unit.harness.test_load_record import HEAD, line, write

READINGS = [
    Reading(1_795_435_200.0 + at, {1: Usage("gateway", 0.5 * at, 10**8), 2: Usage("harness", 0.1 * at, 10**7)})
    for at in range(6)
]


def run(**more):
    made = figures(books=settled(2), **more)
    return Run(summary=summary(made), series=series_of(PLAN, made, READINGS), name="earlier")


def test_a_run_second_by_second():
    series = run().series

    assert series["accepted"] == [(0, 2)]
    assert series["wanted"] == [(0, 50)]
    assert series["cores"]["gateway"][0][1] == pytest.approx(0.5)
    # Buyers and the platform's ear are the generator's side.
    assert series["cores"]["generator"][0][1] == pytest.approx(0.1)
    assert series["memory_mb"]["gateway"][0][1] == pytest.approx(100)


def test_the_page_tells_the_figures_and_draws_the_curves():
    page = page_of(run(), judge(PLAN, figures(), clean()))

    assert page.count("<svg") == 6
    assert "settled a second" in page
    assert "<script" not in page


def test_two_runs_share_their_frames():
    page = page_of(run(), judge(PLAN, figures(), clean()), before=run())

    assert "accepted before" in page
    assert "compared with" in page
    assert "+0%" in page


def test_what_is_no_run_cannot_be_compared_with(tmp_path):
    with pytest.raises(ConfigError, match="holds no load run"):
        read_run(tmp_path)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_has_thresholds(shape):
    assert {"lost", "unanswered"} <= {threshold.figure for threshold in thresholds_for(shape)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[stedy]\nlost = {max = 0}", "steady"),
        ("[steady]\nlost = {mx = 0}", "max"),
        ("[steady]\nlost = 0", "is no bound"),
        ('[steady]\nlost = {max = "0"}', "is no number"),
        ("[steady", "Expected"),
    ],
)
def test_a_misspelt_threshold_is_refused(tmp_path, text, words):
    file = tmp_path / "mine.toml"
    file.write_text(text)

    with pytest.raises(ConfigError) as refused:
        thresholds_for("steady", file=file)
    assert words in f"{refused.value} {refused.value.hint}"


def test_a_threshold_that_is_not_kept_is_a_finding():
    slow = Threshold(figure="latency_ms.p99", most=100)
    told = summary(figures())
    judgement = judge(PLAN, figures(), clean(), summary=told, thresholds=[slow])

    assert value_of(told, "latency_ms.p99") == 250
    assert (judgement.verdict, judgement.findings[0].id) == (Verdict.FAIL, "load/latency_ms.p99")
    assert judgement.findings[0].actual == "latency_ms.p99 was 250"


def test_a_threshold_without_its_figure_leaves_a_doubt():
    judgement = judge(
        PLAN, figures(), clean(), summary=summary(figures()), thresholds=[Threshold(figure="push_ms.p99")]
    )

    assert judgement.verdict is Verdict.UNKNOWN
    assert "push_ms.p99 was not measured" in judgement.reasons


def test_late_answers_have_the_percentiles_of_real_ones(tmp_path):
    delays = delays_s()

    assert (delays[49] + delays[50]) / 2 == pytest.approx(0.120, rel=0.01)
    assert delays[98] == pytest.approx(0.70, abs=0.04)
    assert delays[99] == pytest.approx(0.98, abs=0.04)
    for profile in ("calm", "flaky"):
        into = tmp_path / f"{profile}.json"
        load_profile(with_latency(profile_of(profile), into=into, seed=3))


def profile_of(name):
    from harness.commands.session import profile_file  # noqa: PLC0415 - one home for the files

    return profile_file(name)


def test_progress_reads_what_has_come_and_tells_it_once(tmp_path):
    file = write(tmp_path / "r", HEAD, line(0), torn='{"second":')
    tail = Tail(file)

    assert [span.started for span in tail.read()] == [1]
    assert tail.read() == []
    assert Tail(tmp_path / "gone").read() == []


def test_the_last_seconds_in_a_line():
    span = Span()
    span.add(line(0, statuses={"201": 10, "429": 2, "0": 1}))

    assert sentence(span) == "    2/s accepted, 2 refused, 1 failed; p50 250 ms, p99 250 ms"
    assert "no answer yet" in sentence(Span())
