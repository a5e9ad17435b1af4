"""
What several workers say, as one: pages, cursors, counts, clocks, snapshots. Pure functions over what they answered.

A cursor over several workers is theirs side by side, "12.7.x"; x stands for a list that has ended. A single number is
the same cursor for each of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from heapq import merge
from operator import itemgetter
from typing import Any

from mock_providers.core.plans import Counts
from mock_providers.core.snapshot import LabelsState, Snapshot

ENDED = "x"
Owner = Callable[[str, str], int]


def parts_of(cursor: str | None, count: int) -> list[str] | None:
    """
    Returns:
        A cursor for each of *count* workers; None when this is no cursor of theirs.
    """
    if not cursor:
        return ["0"] * count
    parts = cursor.split(".")
    if len(parts) == 1 and cursor != ENDED:
        parts *= count
    good = len(parts) == count and all(part == ENDED or (part.isascii() and part.isdigit()) for part in parts)
    return parts if good else None


def share_out(pages: Sequence[Sequence[Mapping[str, Any]]], *, by: str, limit: int) -> tuple[list[Any], list[int]]:
    """
    Put pages together in the order of the field *by*, each page's own order kept.

    Returns:
        At most *limit* items, and how many of them came out of each page.
    """
    tagged = [[(str(item[by]), place, item) for item in page] for place, page in enumerate(pages)]
    # Where a page's own order is another one, the latest moment so far stands for the item.
    for page in tagged:
        latest = ""
        for number, (moment, place, item) in enumerate(page):
            latest = max(latest, moment)
            page[number] = (latest, place, item)
    taken = list(merge(*tagged, key=itemgetter(0, 1)))[:limit]
    counts = [0] * len(pages)
    for _, place, _ in taken:
        counts[place] += 1
    return [item for _, _, item in taken], counts


def added_up(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Numbers by name, summed."""
    return {name: sum(one[name] for one in counts) for name in counts[0]}


def clock_of(readings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The latest schedule, and all that is pending."""
    return {
        **readings[0],
        "schedule_at": max(one["schedule_at"] for one in readings),
        "pending": sum(one["pending"] for one in readings),
    }


def info_of(infos: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One simulator with everybody's merchants; its epoch is everybody's."""
    providers = {
        name: {**said, "merchants": [one for info in infos for one in info["providers"][name]["merchants"]]}
        for name, said in infos[0]["providers"].items()
    }
    return {
        **infos[0],
        "epoch": "+".join(info["epoch"] for info in infos),
        "workers": len(infos),
        "providers": providers,
    }


def one_snapshot(snapshots: Sequence[Snapshot]) -> Snapshot:
    """The run of all workers as one, which fewer, more, or a single process can go on with."""
    first = snapshots[0]
    return replace(
        first,
        epoch="+".join(one.epoch for one in snapshots),
        merchants=[merchant for one in snapshots for merchant in one.merchants],
        trades=sorted((trade for one in snapshots for trade in one.trades), key=lambda one: one.opening.created_at),
        payouts=sorted((payout for one in snapshots for payout in one.payouts), key=lambda one: one.asked_at),
        planted=[difference for one in snapshots for difference in one.planted],
        labels=LabelsState(
            orders=[order for one in snapshots for order in one.labels.orders],
            arrivals=max(one.labels.arrivals for one in snapshots),
        ),
        faults=replace(first.faults, attempts=[attempt for one in snapshots for attempt in one.faults.attempts]),
        notifies=[one for snapshot in snapshots for one in snapshot.notifies],
        last_seq=max(one.last_seq for one in snapshots),
        counts=Counts(**added_up([_numbers(one.counts) for one in snapshots])),
        timers=[timer for one in snapshots for timer in one.timers],
    )


def snapshot_parts(snapshot: Snapshot, *, owner: Owner, count: int) -> list[Snapshot]:
    """
    One run for several workers: each gets its merchants'.

    Args:
        owner: of (provider, merchant number).
    """
    orders = {(one.opening.provider, one.opening.out_trade_no): one.opening.merchant_id for one in snapshot.trades}

    def theirs(index: int, provider: str, order: str) -> bool:
        merchant = orders.get((provider, order))
        return merchant is None or owner(provider, merchant) == index

    return [
        replace(
            snapshot,
            merchants=[one for one in snapshot.merchants if owner(*one) == index],
            trades=[one for one in snapshot.trades if owner(one.opening.provider, one.opening.merchant_id) == index],
            payouts=[one for one in snapshot.payouts if owner(one.provider, one.merchant_id) == index],
            planted=[one for one in snapshot.planted if owner(one.provider, one.merchant_id) == index],
            labels=replace(
                snapshot.labels, orders=[one for one in snapshot.labels.orders if theirs(index, one[0], one[1])]
            ),
            faults=replace(
                # Counted by label, so it is the merchant that says whose they are.
                snapshot.faults,
                attempts=[one for one in snapshot.faults.attempts if not one[1] or owner(one[0], one[1]) == index],
            ),
            notifies=[one for one in snapshot.notifies if owner(one.notice.provider, one.notice.merchant_id) == index],
            timers=[one for one in snapshot.timers if owner(one.provider, one.merchant_id) == index],
            # What was counted is nobody's in particular, and must be summed up once.
            counts=snapshot.counts if index == 0 else Counts(),
        )
        for index in range(count)
    ]


def _numbers(counts: Counts) -> dict[str, int]:
    known = {one.name for one in fields(Counts)}
    return {name: value for name, value in asdict(counts).items() if name in known}
