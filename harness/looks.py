"""
The audit of sides that may still move: a load run that was not waited out, a sandbox in use.

The three sides are read one after the other, so a payment that is credited between two of them looks like money that
nobody paid. Nobody is accused at one look: what is wrong has to be wrong again, in the same words, a moment later.
"""

from collections.abc import Callable, Sequence

from harness.audit import AuditReport
from harness.clock import Clock
from harness.control import Trade
from harness.gather import Sides, audit_world, passed_over
from harness.sut.contract import Payment

# What still moves at the last look is told as a doubt; what stood by then convicts.
LOOKS_AGAIN = 4
LOOK_AGAIN_S = 0.5


async def audit_moving(  # noqa: PLR0913 - as the audit of one look
    world: Sides,
    *,
    ours: Callable[[str], bool],
    clock: Clock,
    seed: int | None = None,
    replay: str = "",
    doubts: Sequence[str] = (),
    on_trade: Callable[[Trade], None] = passed_over,
    on_payment: Callable[[Payment], None] = passed_over,
    legs: bool = True,
) -> AuditReport:
    """
    The audit, looked at again for as long as what it accuses of changes; nothing is kept but the numbers.

    Args:
        clock: the time that passes between two looks.
        doubts: why a clean audit would mean nothing.
        on_trade, on_payment: shown each row as it passes by at the first look.
        legs: whether the ledger's legs are asked for, payment by payment.
    """
    report = await audit_world(
        world,
        ours=ours,
        seed=seed,
        replay=replay,
        doubts=doubts,
        on_trade=on_trade,
        on_payment=on_payment,
        legs=legs,
    )
    for _ in range(LOOKS_AGAIN):
        if report.stands:
            break
        # A gateway that is still at work says nothing when it has done: there is no event to wait for.
        await clock.sleep(LOOK_AGAIN_S)
        report = await audit_world(
            world, ours=ours, seed=seed, replay=replay, doubts=doubts, legs=legs, earlier=report.accused
        )
    return report
