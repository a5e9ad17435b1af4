"""
The page that every report is built on: one file, nothing from elsewhere, and nothing hostile in it.
"""

import re

from markupsafe import Markup

from harness.reports.html import Page, Section, render
from harness.verdict import Verdict


def page(**more):
    return Page(title="payproof check", sections=[Section("Summary", "all of it")], **more)


def test_what_a_gateway_said_stays_text():
    said = '<script>alert("9.90")</script>'

    told = render(page(lead=said, facts={"gateway": said}))

    assert "<script>" not in told
    assert told.count("&lt;script&gt;") == 2


def test_a_drawing_of_ours_is_not_escaped():
    drawn = Page(title="t", sections=[Section("Drawing", Markup("<svg></svg>")), Section("Plain", "<svg>")])

    told = render(drawn)

    assert "<svg></svg>" in told
    assert "&lt;svg&gt;" in told


def test_nothing_is_fetched_from_anywhere():
    told = render(page(verdict=Verdict.FAIL))

    assert "http:" not in told
    assert "https:" not in told
    assert "default-src &#39;none&#39;" in told or "default-src 'none'" in told
    assert not re.search(r"<script|@import|src=", told.replace("default-src", ""))


def test_the_verdict_stands_in_the_title():
    assert "<title>payproof check · FAIL</title>" in render(page(verdict=Verdict.FAIL))


def test_the_language_is_said_for_readers_that_speak():
    assert '<html lang="zh-CN">' in render(page(), lang="zh")
