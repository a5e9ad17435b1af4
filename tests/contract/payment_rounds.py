"""
Races for the money of payments between two gateway processes on one database: what a round does, and what must hold.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from reference_gateway.domain.money import Fen, yuan_text_of_fen
from tests.contract.live_rounds import LiveOutside
from tests.contract.test_gateway_process import PATIENCE_S, Running

CROWD = 64
AMOUNT_FEN = 100
REFUND_FEN = 30
REFUNDS = 16
FITTING = AMOUNT_FEN // REFUND_FEN
WAIT_S = 0.05

Book = dict[str, list[int]]


class RacingOutside(LiveOutside):
    """A provider whose trades close when they are told to in time; a buyer may be quicker by a moment."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: set[str] = set()
        self.given: dict[str, dict[str, str]] = defaultdict(dict)
        self.quicker: dict[str, Callable[[], Awaitable[None]]] = {}
        self.notifying: set[asyncio.Task[None]] = set()

    def answer(self, method: str, business: dict[str, str]) -> dict[str, str]:
        number = business.get("out_trade_no", "")
        if method == "alipay.trade.precreate":
            self.opened.add(number)
        if method == "alipay.trade.close" and number in self.opened:
            return self._close(number)
        if method == "alipay.trade.refund":
            self.given[number][business["out_request_no"]] = business["refund_amount"]
        told = super().answer(method, business)
        if method == "alipay.trade.fastpay.refund.query" and "refund_amount" in told:
            told["refund_amount"] = self.given[number][business["out_request_no"]]
        return told

    def _close(self, number: str) -> dict[str, str]:
        if number in self.quicker:
            self.paid.add(number)
            telling = asyncio.ensure_future(self.quicker.pop(number)())
            self.notifying.add(telling)
        if number in self.paid:
            return {"code": "40004", "sub_code": "ACQ.TRADE_STATUS_ERROR"}
        self.closed.add(number)
        return {"code": "10000", "out_trade_no": number, "trade_no": "T"}

    async def heard(self) -> None:
        """Wait until every notify of a quick buyer has been answered."""
        await asyncio.gather(*self.notifying)
        self.notifying.clear()


class PaymentRaces:
    """Rounds over two gateways; each part tells what went wrong, or nothing."""

    def __init__(self, one: Running, two: Running, outside: RacingOutside) -> None:
        self.lives = (one, two)
        self.outside = outside

    async def round(self, number: int) -> dict[str, Any]:
        """Identical requests, identical notifies, refund racing refund, notify racing close."""
        payment, requests = await self.requests(f"o-{number}")
        notifies = await self.notifies(payment, f"n-{number}")
        refunds = await self.refunds(payment, f"r-{number}")
        closes = await self.closes(f"c-{number}")
        wrong = {"requests": requests, "notifies": notifies, "refunds": refunds, "closes": closes}
        return {"ok": not any(wrong.values()), **{name: said for name, said in wrong.items() if said}}

    def repeated(self) -> int:
        """How often somebody was sent away by 503 so far, and came again."""
        return sum(life.merchant.repeated + life.told_again for life in self.lives)

    async def requests(self, order: str) -> tuple[Any, str]:
        """The crowd asks for one order at both gateways: one payment, one trade, one way to pay it."""
        before = set(self.outside.opened)
        answers = await self._crowd(lambda life: life.merchant.pay(order, AMOUNT_FEN))
        statuses = sorted({status for status, _ in answers})
        payments = {answer.get("id") for _, answer in answers}
        trades = self.outside.opened - before
        fresh = sum(status == 201 for status, _ in answers)
        payment = await self._until(answers[0][1], lambda now: now["pay_params"] is not None)
        exact = (set(statuses) <= {200, 201, 202}, len(payments), trades, fresh <= 1)
        right = exact == (True, 1, {payment["out_trade_no"]}, True)
        return payment, "" if right else f"{statuses} {payments} {trades}, {fresh} fresh"

    async def notifies(self, payment: Any, notify_id: str) -> str:
        """The provider tells both gateways of one payment, again and again at once: it is booked once."""
        self.outside.paid.add(payment["out_trade_no"])
        acks = set(await self._crowd(lambda life: life.notify(payment, notify_id)))
        booked = await self.booked(payment)
        return "" if (acks, booked) == ({b"success"}, {"payment": [AMOUNT_FEN]}) else f"{acks} {booked}"

    async def refunds(self, payment: Any, name: str) -> str:
        """More refunds than fit, each asked for at both gateways: as many as fit go through, once each."""
        path = f"/api/v1/payments/{payment['id']}/refunds"
        answers = await asyncio.gather(
            *(
                life.merchant.call("POST", path, {"merchant_refund_no": f"{name}-{n}", "amount_fen": REFUND_FEN})
                for n in range(REFUNDS)
                for life in self.lives
            )
        )
        taken = {(refund["id"], refund["merchant_refund_no"]) for status, refund in answers if status < 400}
        refused = {(status, refund["code"]) for status, refund in answers if status >= 400}
        ended = [await self._refunded(f"{path}/{refund_id}") for refund_id, _ in sorted(taken)]
        given = list(self.outside.given[payment["out_trade_no"]].values())
        booked = await self.booked(payment)
        wanted = {"payment": [AMOUNT_FEN], "refund": [REFUND_FEN] * FITTING}
        exact = (len(taken), refused, booked, [refund["status"] for refund in ended], given)
        each = yuan_text_of_fen(Fen(REFUND_FEN))
        right = (FITTING, {(409, "refund_exceeds_paid")}, wanted, ["SUCCEEDED"] * FITTING, [each] * FITTING)
        return "" if exact == right else f"{exact}"

    async def closes(self, name: str) -> str:
        """Three orders are closed at both gateways: nobody pays, somebody is quicker, somebody has just paid."""
        orders = [(await self.lives[n % 2].merchant.pay(f"{name}-{n}", AMOUNT_FEN))[1] for n in range(3)]
        orders = [await self._until(order, lambda now: now["pay_params"] is not None) for order in orders]
        nobody, quick, paid = orders
        self.outside.quicker[quick["out_trade_no"]] = lambda: self._told(quick)
        self.outside.paid.add(paid["out_trade_no"])
        await asyncio.gather(*(self._closed(order) for order in orders), self._told(paid))
        await self.outside.heard()
        after = [await self._until(order, lambda now: now["status"] != "PENDING") for order in orders]
        exact = [(order["status"], await self.booked(order)) for order in after]
        sold = ("PAID", {"payment": [AMOUNT_FEN]})
        return "" if exact == [("CLOSED", {}), sold, sold] else f"{exact} of {nobody['id']} {quick['id']} {paid['id']}"

    async def booked(self, payment: Any) -> Book:
        """What the ledger holds of a payment, by kind: what each transaction moved."""
        status, ledger = await self.lives[0].merchant.call("GET", f"/api/v1/payments/{payment['id']}/ledger")
        assert status == 200, ledger
        found: Book = {}
        for entry in ledger["entries"]:
            if entry["amount_fen"] > 0:
                found.setdefault(entry["kind"], []).append(entry["amount_fen"])
        assert sum(entry["amount_fen"] for entry in ledger["entries"]) == 0
        return found

    async def _crowd(self, ask: Callable[[Running], Awaitable[Any]]) -> list[Any]:
        return list(await asyncio.gather(*(ask(self.lives[n % 2]) for n in range(CROWD))))

    async def _told(self, order: Any) -> None:
        """Tell both gateways, as often as the provider likes."""
        notify_id = f"n-{order['out_trade_no']}"
        assert set(await asyncio.gather(*(life.notify(order, notify_id) for life in self.lives * 4))) == {b"success"}

    async def _closed(self, order: Any) -> None:
        answers = await asyncio.gather(
            *(life.merchant.call("POST", f"/api/v1/payments/{order['id']}/close", {}) for life in self.lives * 2)
        )
        assert {status for status, _ in answers} <= {200, 202, 409}, answers

    async def _until(self, payment: Any, good: Callable[[Any], bool]) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            while not good(now := await self.lives[1].merchant.payment(payment)):
                await self.lives[1].merchant.clock.sleep(WAIT_S)
        return now

    async def _refunded(self, target: str) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            while (refund := (await self.lives[1].merchant.call("GET", target))[1])["status"] != "SUCCEEDED":
                await self.lives[1].merchant.clock.sleep(WAIT_S)
        return refund
