"""
Whole stories in a toy world: the honest gateway is acquitted, each broken one is convicted, an untold story is neither.
"""

import pytest

from harness.errors import GatewaySilentError
from harness.events import Audited, Event, RunEnded, RunStarted, StepStarted
from harness.history import Phase
from harness.script.loader import find, load
from harness.script.outcome import run
from harness.script.schema import Scenario
from harness.verdict import Verdict, exit_code
from harness.world.base import Move
from tests.unit.harness.rows import TickingClock, history
from tests.unit.harness.toy_world import ToyBook, ToyGateway, ToyWorld

DUPLICATES = {"id": "nine", "fault": "duplicate", "with": {"copies": 8}}


def story(*steps, **more) -> Scenario:
    given = {
        "id": "notify/one",
        "title": "One",
        "purpose": "Nothing.",
        "requirements": ["idempotency/credited-once", "signature/forged-never-acked"],
        "faults": [DUPLICATES],
        "load": {"payments": 3},
        "steps": steps or ["open", "pay", "settle"],
        **more,
    }
    return Scenario.model_validate(given)


async def told(scenario, world):
    events: list[Event] = []
    written = history()
    result = await run(scenario, world, history=written, announce=events.append, replay="again")
    return result, written, events


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("bug", "convicted_by"),
    [
        ("credits every notify", "idempotency/credited-once"),
        ("believes forgeries", "signature/forged-never-acked"),
    ],
)
async def test_a_broken_gateway_is_convicted(bug, convicted_by):
    result, written, _ = await told(story(), ToyWorld(bug=bug))

    convictions = [finding for finding in result.findings if finding.id == convicted_by]
    assert result.verdict is Verdict.FAIL
    assert len(convictions) == 3
    assert all(written[line].order == finding.order for finding in convictions for line in finding.evidence)
    assert all(finding.evidence for finding in convictions)
    assert {finding.replay for finding in result.audit.findings} == {"again"}


@pytest.mark.asyncio
async def test_the_honest_gateway_is_acquitted():
    result, written, events = await told(story(), ToyWorld())

    assert result.verdict is Verdict.PASS
    assert result.findings == ()
    assert [type(event) for event in events[:2]] == [RunStarted, StepStarted]
    assert isinstance(events[-1], RunEnded)
    assert events[-1].summary["paid"] == 3
    assert [line.index for line in written] == list(range(len(written)))


@pytest.mark.asyncio
async def test_the_story_of_the_library_is_played_as_written():
    result, written, events = await told(load(find("duplicate-storm")), ToyWorld())

    amounts = {line.value["amount_fen"] for line in written if line.kind == "create" and line.phase is Phase.INVOKE}
    assert result.verdict is Verdict.PASS
    assert result.audit.paid == 30
    assert len(amounts) > 20
    assert sum(isinstance(event, StepStarted) for event in events) == 6


@pytest.mark.asyncio
async def test_an_untold_story_is_undecided():
    result, _, _ = await told(story(expect={"paid": 4, "at_least": {"notifies_duplicate": 99}}), ToyWorld())

    assert result.verdict is Verdict.UNKNOWN
    assert result.reasons == (
        "paid 3, the story says 4",
        "notifies_duplicate 24, the story needs at least 99",
    )


@pytest.mark.asyncio
async def test_without_duplicates_nothing_is_said_about_duplicates():
    result, _, _ = await told(story(faults=[]), ToyWorld())

    assert result.verdict is Verdict.UNKNOWN
    assert result.audit.verdict is Verdict.PASS


@pytest.mark.asyncio
async def test_notifies_that_never_come_lose_payments():
    scenario = story(faults=[{"id": "never", "fault": "drop_all"}], requirements=["notify/nothing-lost"])

    result, _, _ = await told(scenario, ToyWorld())

    assert result.verdict is Verdict.FAIL
    assert result.audit.lost == 3


@pytest.mark.asyncio
async def test_an_answer_that_never_came_is_unknown_and_the_buyer_pays_all_the_same():
    result, written, _ = await told(story(), ToyWorld(bug="mute"))

    assert {line.phase for line in written if line.kind == "create"} == {Phase.INVOKE, Phase.UNKNOWN}
    assert result.audit.paid == 3
    assert result.verdict is Verdict.PASS


class LateBook(ToyBook):
    """
    Shows nobody a trade before somebody has waited.
    """

    waited = False

    async def trades(self, *, provider=None, limit=0):
        for row in list(self.rows.values()) if self.waited else ():
            yield row


class LateWorld(ToyWorld):
    def __init__(self):
        super().__init__(book=LateBook())
        self.clock = WaitedFor(self.control)


class WaitedFor(TickingClock):
    def __init__(self, book):
        super().__init__()
        self.book = book

    async def sleep(self, seconds):
        self.book.waited = True


@pytest.mark.asyncio
async def test_a_trade_that_is_opened_late_is_waited_for():
    result, _, _ = await told(story(), LateWorld())

    assert result.audit.paid == 3


@pytest.mark.asyncio
async def test_paying_twice_stands_in_the_history_as_refused():
    _, written, _ = await told(story("open", "pay", "pay"), ToyWorld())

    assert [line.value["code"] for line in written if line.phase is Phase.FAIL] == ["already_paid"] * 3


@pytest.mark.asyncio
async def test_refunds_above_what_was_paid_are_witnessed():
    scenario = story(
        "open",
        "pay",
        {"refund": {"amount_fen": 600, "times": 2, "concurrent": True}},
        requirements=["refund/never-above-paid"],
        expect={"refunded": 3},
    )

    result, written, _ = await told(scenario, ToyWorld())

    assert result.verdict is Verdict.PASS
    assert len({line.value["refund_no"] for line in written if "refund_no" in line.value}) == 6


@pytest.mark.asyncio
async def test_only_the_chosen_ones_pay():
    result, _, _ = await told(story("open", {"pay": {"order": "pp00000[12]"}}), ToyWorld())

    assert result.audit.paid == 2


@pytest.mark.asyncio
async def test_the_other_verbs_reach_the_world():
    world = ToyWorld()
    steps = [
        {"open": {"payments": 1}}, "open", "kill", "restart", {"advance": "4m"}, {"refuse_webhooks": 2},
        {"faults": [DUPLICATES]}, "pay", "look", "sync", {"notifies": "deliver"}, "settle",
    ]  # fmt: skip

    result, written, _ = await told(
        Scenario.model_validate({**story().model_dump(by_alias=True, exclude_unset=True), "steps": steps}), world
    )

    assert world.diary == ["kill", "restart", "advance 240", "settle 30"]
    assert world.sink.refusals == 2
    assert len(world.control.taken) == 1
    assert len(world.gateway.payments) == 3
    assert {"get", "sync", "kill", "restart", "faults"} <= {line.kind for line in written}
    assert result.verdict is Verdict.PASS


@pytest.mark.asyncio
async def test_a_world_that_cannot_make_the_move_does_not_run_the_story():
    world = ToyWorld(moves=frozenset({Move.ADVANCE}))

    result, written, events = await told(story("open", "kill"), world)

    assert result.verdict is Verdict.NOT_RUN
    assert result.reasons == ("the toy world cannot kill gateway",)
    assert len(written) == 0
    assert not any(isinstance(event, Audited) for event in events)


class RestlessWorld(ToyWorld):
    async def settle(self, *, patience_s):
        await super().settle(patience_s=patience_s)
        return False


@pytest.mark.asyncio
async def test_a_story_whose_dust_did_not_settle_is_undecided():
    result, _, _ = await told(story(), RestlessWorld())

    assert result.verdict is Verdict.UNKNOWN
    assert result.reasons == ("patience ran out before the dust had settled",)


class SilentExport(ToyGateway):
    async def export(self, *, after=None, limit=0, ours=None):
        for number in range(len(self.payments)):
            raise GatewaySilentError(f"the gateway's export ended with unknown, after {number}")
        yield


@pytest.mark.asyncio
async def test_a_gateway_that_died_before_the_audit_is_undecided():
    world = ToyWorld()
    world.gateway = SilentExport(world.control, world.sink, "")

    result, _, _ = await told(story(requirements=["signature/forged-never-acked"]), world)

    assert (result.verdict, exit_code(result.verdict)) == (Verdict.UNKNOWN, 3)
    assert (result.audit.paid, result.audit.lost) == (3, 0)
    assert any("the gateway does not answer" in reason for reason in result.reasons)
