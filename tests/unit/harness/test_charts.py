import re
from xml.etree import ElementTree as ET

import pytest

from harness.reports.charts import BOTTOM, COLUMNS_MAX, HEIGHT, LEFT, TOP, WIDTH, Chart, Line, Mark, draw

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*lines, **more):
    return ET.fromstring(str(draw(Chart(title="t", lines=lines, **more))))  # noqa: S314 - our own drawing


def texts(tree):
    return [element.text for element in tree.iter(f"{SVG}text")]


def coordinates(tree, number=0):
    path = list(tree.iter(f"{SVG}path"))[number].get("d")
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def test_a_line_reaches_from_edge_to_edge_and_stands_on_the_floor():
    points = coordinates(drawn(Line("rate", [(0, 0.0), (5, 50.0), (10, 100.0)])))

    assert points[0] == (LEFT, HEIGHT - BOTTOM)
    assert points[-1][0] == pytest.approx(WIDTH - 16)
    assert points[-1][1] == TOP
    assert points[1][1] == pytest.approx((points[0][1] + points[2][1]) / 2)


def test_the_scale_is_in_round_numbers():
    assert {"0", "20", "80", "100"} <= set(texts(drawn(Line("rate", [(0, 3.0), (60, 97.0)]))))
    assert {"0 s", "10 s", "60 s"} <= set(texts(drawn(Line("rate", [(0, 3.0), (60, 97.0)]))))


def test_orders_of_magnitude_are_a_step_each():
    tree = drawn(Line("p99", [(0, 1.0), (1, 10.0), (2, 1000.0)]), log=True)

    assert {"1", "10", "100", "1000"} <= set(texts(tree))
    ys = [y for _, y in coordinates(tree)]
    assert ys[0] - ys[1] == pytest.approx((ys[0] - ys[2]) / 3, abs=0.2)


def test_what_is_unknown_breaks_the_line():
    tree = drawn(Line("p99", [(0, 1.0), (1, None), (2, 3.0), (3, float("nan")), (4, 2.0)]))

    (path,) = tree.iter(f"{SVG}path")
    assert path.get("d", "").count("M") == 3


def test_lines_differ_without_colours():
    tree = drawn(Line("a", [(0, 1.0), (1, 2.0)]), Line("b", [(0, 2.0), (1, 1.0)]))
    first, second = tree.iter(f"{SVG}path")

    assert first.get("stroke") != second.get("stroke")
    assert first.get("stroke-dasharray") != second.get("stroke-dasharray")
    assert {"a", "b"} <= set(texts(tree))


def test_what_happened_is_marked():
    tree = drawn(Line("a", [(0, 1.0), (9, 2.0)]), marks=[Mark(3, "kill -9", tone="bad"), Mark(4, "storm", until=6)])

    assert {"kill -9", "storm"} <= set(texts(tree))
    assert any(line.get("stroke") == "var(--bad)" for line in tree.iter(f"{SVG}line"))
    (band,) = tree.iter(f"{SVG}rect")
    assert float(band.get("width")) == pytest.approx((WIDTH - LEFT - 16) * 2 / 9, abs=0.1)


def test_a_day_of_seconds_stays_a_small_drawing_and_keeps_its_peak():
    points = [(float(at), 1000.0 if at == 54_321 else 1.0) for at in range(86_400)]

    kept = coordinates(drawn(Line("rate", points)))
    assert len(kept) <= 2 * COLUMNS_MAX + 2
    assert min(y for _, y in kept) == TOP


@pytest.mark.parametrize("lines", [[], [Line("a", [])], [Line("a", [(0, None)])]])
def test_of_nothing_there_is_a_drawing_that_says_so(lines):
    assert texts(drawn(*lines)) == ["nothing to draw"]


@pytest.mark.parametrize("points", [[(3.0, 0.0)], [(3.0, 7.0)], [(0.0, 0.0), (1.0, 0.0)]])
def test_a_single_point_and_a_flat_line_are_drawn(points):
    assert coordinates(drawn(Line("a", points)))


def test_names_from_outside_do_no_harm():
    tree = drawn(Line("<script>&", [(0, 1.0)]))

    assert "<script>&" in texts(tree)
    assert "<script>" not in str(draw(Chart(title="<script>", lines=[Line("<script>", [(0, 1.0)])])))
