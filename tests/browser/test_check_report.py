"""
The report of a check in a real browser: on a phone and on a desk, dark and on paper, with scripts and without.
"""

import dataclasses
from pathlib import Path

import pytest

from harness.catalog import BY_ID
from harness.errands import Errand, run_errands
from harness.reports.check_page import CheckReport, check_page
from harness.trial import Result, Tally
from harness.verdict import Verdict
from harness.words import Words
from tests.browser.chromium import DESKTOP, PHONE, Chromium

TOO_MUCH = "yuan too much"
RULE, KEPT = BY_ID["idempotency/credited-once"], BY_ID["idempotency/opened-once"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A gateway that credits every notify, tried by one case; a second channel was not run.
    """
    folder = tmp_path_factory.mktemp("run")
    history = folder / "cases" / "alipay" / "duplicates.ndjson"
    history.parent.mkdir(parents=True)
    errand = Errand(
        case="duplicates", channel="alipay", seed=1, credentials=folder / "keys", history=history,
        mutant="credits-every-notify",
    )  # fmt: skip
    tally = Tally()
    for _, played in run_errands([errand]):
        tally.add(played)
    ((case, judged), *_) = tally.said[RULE.id, "alipay"]
    bare = Result(requirement=RULE, channel="alipay", world="in_process", verdict=Verdict.FAIL, case=case)
    broken = dataclasses.replace(bare, finding=judged.findings[0])
    skipped = dataclasses.replace(
        bare, channel="unionpay_sm2", verdict=Verdict.NOT_RUN, reason="the driver cannot effects"
    )
    kept = dataclasses.replace(bare, requirement=KEPT, verdict=Verdict.PASS)
    told = CheckReport(
        verdict=Verdict.FAIL,
        results=[broken, skipped, kept],
        facts={"seed": "1"},
        run_dir=folder,
        again="payproof check",
    )
    (folder / "report.html").write_text(check_page(told, words=Words("en")), encoding="utf-8")
    return folder


@pytest.mark.asyncio
async def test_a_finding_says_all_that_one_needs_to_believe_it(chromium: Chromium, report: Path):
    async with chromium.page(scripts=False, size=DESKTOP) as page:
        await page.open(f"file://{report}/report.html")
        # What is folded is read by its text, not by what is in sight.
        told = await _whole(page)

        for said in (TOO_MUCH, RULE.text, "expected", "1 credit", "payproof check idempotency/"):
            assert said in told
        for said in ("string to sign", "signed by the provider", "trade_status=TRADE_SUCCESS", "⚡duplicate"):
            assert said in told
        assert "the driver cannot effects" in told
        assert not page.complaints


async def _whole(page) -> str:
    root = (await page.send("DOM.getDocument"))["root"]["nodeId"]
    html = (await page.send("DOM.getOuterHTML", nodeId=root))["outerHTML"]
    return str(html).replace("&amp;", "&")


@pytest.mark.asyncio
async def test_it_fits_a_phone_and_the_drawing_has_its_evidence(chromium: Chromium, report: Path):
    async with chromium.page(size=PHONE) as page:
        await page.open(f"file://{report}/report.html")

        assert await page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        assert await page.evaluate("document.querySelectorAll('svg .evidence').length") >= 2
        assert await page.evaluate("document.querySelectorAll('svg .title').length") == 4


@pytest.mark.asyncio
async def test_the_filter_works_without_a_script_of_ours(chromium: Chromium, report: Path):
    async with chromium.page(size=DESKTOP) as page:
        await page.open(f"file://{report}/report.html")
        await page.press("#show-NOT_RUN", leads_on=False)

        assert await page.evaluate("document.scripts.length") == 0
        rows = "[...document.querySelectorAll('tr.row')].map(row => getComputedStyle(row).display)"
        assert await page.evaluate(rows) == ["table-row", "none"]


@pytest.mark.asyncio
async def test_on_a_dark_screen_ink_is_light_and_on_paper_it_is_black(chromium: Chromium, report: Path):
    async with chromium.page(size=DESKTOP) as page:
        await page.open(f"file://{report}/report.html")
        ink = "getComputedStyle(document.body).color"
        await page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        dark = await page.evaluate(ink)
        await page.send("Emulation.setEmulatedMedia", media="print", features=[])
        paper = await page.evaluate(ink)

        assert dark == "rgb(228, 233, 236)"
        assert paper == "rgb(0, 0, 0)"
