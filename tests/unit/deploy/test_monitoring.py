"""Dashboard and alerts speak of figures that the gateway shows; promtool judges the alerts where it is there."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from reference_gateway.metrics import LATENCY_S, Metrics

DEPLOY = Path(__file__).parents[3] / "deploy"
# Functions, modifiers and labels of PromQL that look like names.
OURS = re.compile(r"\bgateway_[a-z_]+\b")
LABELS = {
    "gateway_payments_total": {"channel", "result"},
    "gateway_http_requests_total": {"route", "method", "status"},
    "gateway_http_request_seconds_bucket": {"route", "le"},
    "gateway_scheduling_latency_seconds_bucket": {"work", "le"},
    "gateway_workers_busy": {"worker"},
    "gateway_outbox_backlog": {"sink"},
    "gateway_outbox_sent_total": {"sink"},
    "gateway_commit_batch_items_bucket": {"commit", "le"},
    "gateway_admission_queue": set(),
    "gateway_admission_refused_total": {"reason"},
    "gateway_breaker_state": {"channel"},
    "gateway_leader": {"role"},
    "gateway_due_work_share": set(),
    "gateway_store_up": set(),
}


def unknown(expression):
    """What is wrong with an expression: names that no scrape shows, labels that its figure has not."""
    names = set(OURS.findall(expression))
    wrong = [name for name in names if name not in Metrics().names()]
    allowed = set().union({"instance"}, *(LABELS.get(name, set()) for name in names))
    for grouped in re.findall(r"by \(([^)]*)\)", expression):
        wrong += [label for label in map(str.strip, grouped.split(",")) if label not in allowed]
    for matched in re.findall(r"\{([^}]*)\}", expression):
        wrong += [label for label in re.findall(r"(\w+)\s*=", matched) if label not in allowed]
    return wrong + ([] if names else ["names no figure of the gateway"])


def alerts():
    groups = YAML(typ="safe").load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def dashboard():
    return json.loads((DEPLOY / "grafana" / "gateway.json").read_text())


def test_the_check_sees_a_misspelt_figure_and_a_label_that_is_none():
    assert unknown("sum(rate(gateway_payment_total[5m]))") == ["gateway_payment_total"]
    assert unknown("sum by (chanel) (gateway_breaker_state)") == ["chanel"]
    assert unknown('gateway_store_up{status="500"}') == ["status"]
    assert unknown("up") == ["names no figure of the gateway"]


@pytest.mark.parametrize("name", sorted(alerts()))
def test_an_alert_is_about_figures_that_exist_and_says_what_to_do(name):
    rule = alerts()[name]
    assert unknown(rule["expr"]) == []
    assert re.fullmatch(r"\d+[ms]", rule["for"])
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "what_to_do"}


def test_high_scheduling_latency_is_p99_above_two_seconds_for_five_minutes():
    rule = alerts()["HighSchedulingLatency"]
    assert rule["for"] == "5m"
    assert re.fullmatch(
        r"histogram_quantile\(0\.99, sum by \(le, work\) "
        r"\(rate\(gateway_scheduling_latency_seconds_bucket\[5m\]\)\)\) > 2",
        rule["expr"],
    )
    # A quantile is only sharp where a bucket ends.
    assert 2.0 in LATENCY_S


def test_every_panel_asks_for_figures_that_exist_and_none_lies_on_another():
    board = dashboard()
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert unknown(target["expr"].replace("$__rate_interval", "5m")) == [], panel["title"]
        place = panel["gridPos"]
        cells = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_every_figure_has_a_panel():
    shown = {name for panel in dashboard()["panels"] for t in panel["targets"] for name in OURS.findall(t["expr"])}
    families = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in Metrics().names()}
    missing = families - {re.sub(r"_(total|bucket)$", "", name) for name in shown}
    assert missing == {"gateway_leader_elections"}


def test_the_labels_listed_here_are_the_gateways_own():
    metrics = Metrics()
    metrics.request("/", "GET", 200, seconds=0.1)
    told = {name: set(made._labelnames) for name, made in metrics._made.items()}
    for family in metrics._answers.collect():
        told[family.name] = set(family.samples[0].labels) - {"le"}
    for name, labels in LABELS.items():
        assert told[re.sub(r"_(total|bucket)$", "", name)] == labels - {"le"}, name


def test_promtool_agrees():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on the PATH: the structural tests beside this one judged the alerts alone")
    for command in (["check", "rules", "alerts.yaml"], ["test", "rules", "alerts_test.yaml"]):
        done = subprocess.run(
            [promtool, *command], cwd=DEPLOY / "prometheus", check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
