"""
The bazaar's book: a journal of what happened, a line of JSON each, on the disk before anybody acts on it.

What is known is what the lines add up to. A kill leaves at most half a line at the end: that never happened.
"""

import json
import os
import secrets
import time
from dataclasses import dataclass, field

BEIJING_S = 8 * 3600


@dataclass
class Try:
    """A number under which an order stands at its provider, and what the buyer scans; most orders need one."""

    number: str
    at: str
    code: str = ""


@dataclass
class Return:
    """Money on its way back, under a number of ours; `own` ones nobody asked for."""

    no: str
    fen: int
    number: str
    at: str
    nth: int
    own: bool = False
    state: str = "ASKED"  # then DONE or VOID


@dataclass
class Order:
    """One order of a customer's."""

    ref: str
    fen: int
    what: str
    via: str
    tries: list[Try] = field(default_factory=list)
    paid_by: int = -1
    trade: str = ""
    unwanted: bool = False
    lapsed: bool = False
    returns: dict[str, Return] = field(default_factory=dict)

    @property
    def state(self) -> str:
        # Money that comes late revives what had lapsed.
        return "SETTLED" if self.paid_by >= 0 else "LAPSED" if self.lapsed else "OPEN" if self.code else "NEW"

    @property
    def code(self) -> str:
        return self.tries[-1].code

    @property
    def left_fen(self) -> int:
        return self.fen - sum(one.fen for one in self.returns.values() if one.state != "VOID" and not one.own)

    @property
    def back_fen(self) -> int:
        return sum(one.fen for one in self.returns.values() if one.state == "DONE" and not one.own)


class Book:
    """Everything that the bazaar knows."""

    def __init__(self, path: str) -> None:
        self.orders: dict[str, Order] = {}
        self.by_number: dict[str, tuple[Order, int]] = {}
        self.returns_by_number: dict[str, tuple[Order, Return]] = {}
        self.news: dict[str, dict[str, str]] = {}
        self.told: dict[str, int] = {}
        self._file = open(path, "a+b")  # noqa: SIM115  it stays open until the end
        self._file.seek(0)
        whole = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            self._happen(**json.loads(line))
            whole += len(line)
        self._file.truncate(whole)

    def add(self, kind: str, **more) -> None:
        """Write down that something happened; it has happened only when this returns."""
        self._file.write(json.dumps({"kind": kind, **more}).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._happen(kind=kind, **more)

    def add_try(self, order: Order) -> None:
        # A number that follows another begins with it, so that people find them together.
        first = order.tries[0].number if order.tries else f"BZ{now_text()}{secrets.token_hex(4)}"
        number = f"{first}T{len(order.tries)}" if order.tries else first
        self.add("try", ref=order.ref, number=number, at=now_text())

    def _happen(self, *, kind: str, **more) -> None:
        getattr(self, f"_{kind}")(**more)

    def _order(self, *, ref: str, fen: int, what: str, via: str) -> None:
        self.orders[ref] = Order(ref=ref, fen=fen, what=what, via=via)

    def _try(self, *, ref: str, number: str, at: str) -> None:
        order = self.orders[ref]
        self.by_number[number] = (order, len(order.tries))
        order.tries.append(Try(number, at))

    def _code(self, *, number: str, code: str) -> None:
        order, nth = self.by_number[number]
        order.tries[nth].code = code

    def _paid(self, *, number: str, trade: str) -> None:
        order, order.paid_by = self.by_number[number]
        order.trade = trade
        self.news[f"{order.ref}:paid"] = {"about": "SETTLED", "ref": order.ref, "yuan": yuan(order.fen)}

    def _unwanted(self, *, ref: str) -> None:
        self.orders[ref].unwanted = True

    def _lapsed(self, *, ref: str) -> None:
        self.orders[ref].lapsed = True

    def _return(self, *, ref: str, **more) -> None:
        order = self.orders[ref]
        made = order.returns[more["no"]] = Return(**more)
        self.returns_by_number[made.number] = (order, made)

    def _returned(self, *, number: str, state: str) -> None:
        order, made = self.returns_by_number[number]
        made.state = state
        if state == "DONE" and not made.own:
            told = {"about": "RETURNED", "ref": order.ref, "yuan": yuan(order.fen), "back": yuan(made.fen)}
            self.news[f"{order.ref}:back:{made.no}"] = told

    def _told(self, *, effect: str) -> None:
        self.told[effect] = self.told.get(effect, 0) + 1


def now_text() -> str:
    """This moment, as a clock in Beijing shows it."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + BEIJING_S))


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def fen_of(text: str) -> int:
    whole, _, part = text.partition(".")
    fen = int(whole) * 100 + int((part + "00")[:2])
    return -fen if text.startswith("-0") else fen
