"""A gateway with rooms for tests: a channel that also pays out, and shorthand for what merchants do there."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.world.virtual_loop import VirtualLoop
from reference_gateway.chance import SeededRng
from reference_gateway.channels.port import PayoutReport, PayoutState
from reference_gateway.domain.payout import Payout
from tests.unit.reference_gateway.support import FakeChannel, World


def virtual(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on a loop of its own whose time jumps."""

    @functools.wraps(test)
    def run(*args: Any, **named: Any) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **named))

    return run


class PayingChannel(FakeChannel):
    """Keeps a book of transfers by number; answers may be lost after the work was done."""

    def __init__(self) -> None:
        super().__init__()
        self.transfers: dict[str, int] = {}
        self.transfer_answers: list[PayoutState | Exception] = []
        self.lose_answers = 0

    def supports(self) -> frozenset[str]:
        return super().supports() | {"transfer", "query_transfer"}

    async def transfer(self, payout: Payout) -> PayoutReport:
        await self._called("transfer", payout.out_payout_no)
        answer = self.transfer_answers.pop(0) if self.transfer_answers else PayoutState.SUCCEEDED
        if isinstance(answer, Exception):
            if self.lose_answers:
                self.lose_answers -= 1
                self.transfers[payout.out_payout_no] = payout.amount_fen
            raise answer
        if answer is PayoutState.SUCCEEDED:
            self.transfers[payout.out_payout_no] = payout.amount_fen
        return PayoutReport(answer, f"T{payout.out_payout_no}")

    async def query_transfer(self, payout: Payout) -> PayoutReport:
        await self._called("query_transfer", payout.out_payout_no)
        done = payout.out_payout_no in self.transfers
        return PayoutReport(PayoutState.SUCCEEDED if done else PayoutState.MISSING)


@dataclass
class LiveWorld(World):
    """A room r1 of streamer s1, 30 % for the platform; a good g1 of 5 for 100 fen each."""

    channel: Any = field(default_factory=PayingChannel)

    async def start(self) -> None:
        self.parts.setdefault("rng", SeededRng(7))
        await super().start()

    async def furnish(self, *, stock: int = 5) -> None:
        room = {"id": "r1", "streamer_id": "s1", "title": "夜聊", "fee_basis_points": 3000}
        assert (await self.merchant.call("POST", "/api/v1/rooms", room))[0] == 201
        good = {"id": "g1", "name": "badge", "price_fen": 100, "stock": stock}
        assert (await self.merchant.call("POST", "/api/v1/goods", good))[0] == 201

    async def paid_by_channel(self, number: str, amount_fen: int, **more: Any) -> Any:
        """Create through the channel, and let its notify arrive."""
        status, payment = await self.merchant.pay(number, amount_fen, **more)
        assert status == 201, payment
        assert await self.merchant.notify(payment) == (200, b"success")
        return await self.merchant.payment(payment)

    async def top_up(self, buyer: str, amount_fen: int, number: str = "") -> Any:
        return await self.paid_by_channel(number or f"top-{buyer}", amount_fen, purpose="topup", buyer_id=buyer)

    async def tip(self, number: str, amount_fen: int, buyer: str = "b1", **more: Any) -> tuple[int, Any]:
        """Tip from the wallet."""
        fields = {"channel": "wallet", "product": "balance", "purpose": "tip", "room_id": "r1", **more}
        return await self.merchant.pay(number, amount_fen, buyer_id=buyer, **fields)

    async def refund(self, payment: Mapping[str, Any], amount_fen: int, number: str = "r-1") -> tuple[int, Any]:
        body = {"merchant_refund_no": number, "amount_fen": amount_fen}
        return await self.merchant.call("POST", f"/api/v1/payments/{payment['id']}/refunds", body)

    async def packet(self, amount_fen: int, count: int, number: str = "p-1", **more: Any) -> tuple[int, Any]:
        """Fund a red packet from the wallet of b1."""
        body = {"packet_no": number, "buyer_id": "b1", "amount_fen": amount_fen, "count": count, "room_id": "r1"}
        paying = {"channel": "wallet", "product": "balance", **more}
        return await self.merchant.call("POST", "/api/v1/red-packets", {**body, **paying})

    async def claim(self, packet: Mapping[str, Any], who: str) -> tuple[int, Any]:
        path = f"/api/v1/red-packets/{packet['id']}/claims"
        return await self.merchant.call("POST", path, {"claimant_id": who})

    async def pay_out(self, packet: Mapping[str, Any], who: str, number: str = "po-1", **more: Any) -> tuple[int, Any]:
        body = {"merchant_payout_no": number, "packet_id": packet["id"], "claimant_id": who, "channel": "alipay"}
        return await self.merchant.call("POST", "/api/v1/payouts", {**body, "account": "a@b.example", **more})

    def balances(self) -> dict[str, int]:
        """What is in each account that is not empty; the two sides must be equal."""
        balances: dict[str, int] = self.store.state.balances
        assert min(balances.values()) >= 0
        held = sum(fen for name, fen in balances.items() if name.startswith("channel:"))
        assert held == sum(fen for name, fen in balances.items() if not name.startswith("channel:"))
        return {name: fen for name, fen in sorted(balances.items()) if fen}
