"""
Races in the live rooms between two gateway processes on one database: what a round does, and what must hold after it.
"""

import asyncio
from collections import Counter
from typing import Any

from tests.contract.test_gateway_process import Outside, Running

TIP_FEN, WALLET_FEN = 30, 100
SHARES, PACKET_FEN = 10, 997
PEOPLE = 16
STOCK = 4


class LiveOutside(Outside):
    """A provider that also pays out, and closes what it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.closed: set[str] = set()
        self.transfers: Counter[str] = Counter()

    def answer(self, method: str, business: dict[str, str]) -> dict[str, str]:
        if method == "alipay.fund.trans.uni.transfer":
            self.transfers[business["out_biz_no"]] += 1
            known = {"order_id": "F1", "pay_fund_order_id": "P1", "out_biz_no": business["out_biz_no"]}
            return {"code": "10000", "status": "SUCCESS", "trans_date": "2026-11-27 08:00:00", **known}
        if method == "alipay.fund.trans.common.query":
            if business["out_biz_no"] not in self.transfers:
                return {"code": "40004", "sub_code": "ORDER_NOT_EXIST"}
            return {"code": "10000", "status": "SUCCESS", "order_id": "F1", "out_biz_no": business["out_biz_no"]}
        if method == "alipay.trade.query" and business["out_trade_no"] in self.closed:
            number = business["out_trade_no"]
            closed = {"out_trade_no": number, "trade_no": "T", "trade_status": "TRADE_CLOSED", "total_amount": "1.00"}
            return {"code": "10000", **closed}
        return super().answer(method, business)


async def furnish(life: Running) -> None:
    """A room; what is made again is the same."""
    room = {"id": "r1", "streamer_id": "s1", "title": "race", "fee_basis_points": 3000}
    await life.merchant.call("POST", "/api/v1/rooms", room)


async def top_up(life: Running, buyer: str, times: int, number: str = "") -> None:
    """Fill a wallet by notifies of 1.00 each, as the provider of these tests tells them."""
    for n in range(times):
        order = number or f"top-{buyer}"
        _, payment = await life.merchant.pay(f"{order}-{n}", 100, purpose="topup", buyer_id=buyer)
        assert await life.notify(payment, f"n-{order}-{n}") == b"success"


class LiveRaces:
    """Rounds over two gateways."""

    def __init__(self, one: Running, two: Running, outside: LiveOutside) -> None:
        self.lives = (one, two)
        self.outside = outside

    async def round(self, number: int) -> dict[str, Any]:
        """Tip racing tip, claim racing claim, close racing paid; return what each came to."""
        await furnish(self.lives[0])
        tips = await self.tips(f"b{number}")
        claims = await self.claims(f"p{number}")
        stock = await self.stock(f"g{number}")
        return {"ok": tips and claims and stock, "tips": tips, "claims": claims, "stock": stock}

    async def tips(self, buyer: str) -> bool:
        """Sixty-four tips of one buyer at once: as many as the wallet reaches for, to the fen."""
        await top_up(self.lives[0], buyer, WALLET_FEN // 100)
        fields = {"channel": "wallet", "product": "balance", "purpose": "tip", "room_id": "r1", "buyer_id": buyer}
        answers = await asyncio.gather(
            *(self.lives[n % 2].merchant.pay(f"t-{buyer}-{n // 2}", TIP_FEN, **fields) for n in range(64))
        )
        paid = {tip["id"] for _, tip in answers if tip["status"] == "PAID"}
        left = (await self.lives[1].merchant.call("GET", f"/api/v1/wallets/{buyer}"))[1]["balance_fen"]
        return (len(paid), left) == (WALLET_FEN // TIP_FEN, WALLET_FEN % TIP_FEN)

    async def claims(self, number: str) -> bool:
        """Everybody claims at both gateways at once: one share each, and the sum is the packet."""
        buyer = f"f-{number}"
        await top_up(self.lives[0], buyer, -(-PACKET_FEN // 100))
        body = {"packet_no": number, "buyer_id": buyer, "amount_fen": PACKET_FEN, "count": SHARES, "room_id": "r1"}
        paying = {"channel": "wallet", "product": "balance"}
        _, packet = await self.lives[1].merchant.call("POST", "/api/v1/red-packets", {**body, **paying})
        path = f"/api/v1/red-packets/{packet['id']}/claims"
        answers = await asyncio.gather(
            *(
                life.merchant.call("POST", path, {"claimant_id": f"{number}-{n}"})
                for n in range(PEOPLE)
                for life in self.lives
            )
        )
        shares = {(claim["claimant_id"], claim["amount_fen"]) for status, claim in answers if status in (200, 201)}
        held = [await self.held(claimant) for claimant, _ in shares]
        return (len(shares), sum(fen for _, fen in shares), sum(held)) == (SHARES, PACKET_FEN, PACKET_FEN)

    async def held(self, buyer: str) -> int:
        return int((await self.lives[0].merchant.call("GET", f"/api/v1/wallets/{buyer}"))[1]["balance_fen"])

    async def stock(self, good: str) -> bool:
        """Orders are paid and closed at once, here and there: every unit ends in one place, once."""
        await self.lives[0].merchant.call(
            "POST", "/api/v1/goods", {"id": good, "name": "badge", "price_fen": 100, "stock": STOCK}
        )
        wanted = {"purpose": "goods", "good_id": good, "quantity": 1}
        made = await asyncio.gather(
            *(self.lives[n % 2].merchant.pay(f"o-{good}-{n}", 100, **wanted) for n in range(STOCK + 2))
        )
        orders = [order for _, order in made if order["status"] == "PENDING"]
        self.outside.closed.update(order["out_trade_no"] for order in orders)
        await asyncio.gather(*(self._both(order, f"n-{good}-{n}") for n, order in enumerate(orders)))
        after = [await self.lives[1].merchant.payment(order) for order in orders]
        sold = sum(order["status"] == "PAID" for order in after)
        _, counts = await self.lives[0].merchant.call("GET", f"/api/v1/goods/{good}")
        told = (counts["available"], counts["reserved"], counts["sold"])
        return (len(orders), told) == (STOCK, (STOCK - sold, 0, sold))

    async def _both(self, order: Any, notify_id: str) -> None:
        """Close by asking, and pay by a notify, at both gateways."""
        path = f"/api/v1/payments/{order['id']}/sync"
        await asyncio.gather(
            *(life.merchant.call("POST", path) for life in self.lives),
            *(life.notify(order, notify_id) for life in self.lives),
        )
