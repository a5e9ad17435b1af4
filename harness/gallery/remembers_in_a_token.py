"""
"A key in Redis says whether it came before": numbers are looked up in tokens of five minutes, which a restart empties.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.service.unit_of_work import UnitOfWorkFactory

LIFE_S = 300.0


class Tokens(dict[str, float]):
    """When each number was heard of first."""

    def has(self, number: str) -> bool:
        return asyncio.get_running_loop().time() - self.get(number, -LIFE_S) < LIFE_S

    def put(self, number: str) -> None:
        self[number] = asyncio.get_running_loop().time()


def _around(inner: UnitOfWorkFactory) -> AroundStore:
    tokens = Tokens()

    class Around(AroundUnit):
        """What stands in the store under a number without a token gets out of the way."""

        async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
            standing = await self._inner.payments_by_order([(one.app_id, one.merchant_order_no) for one in payments])
            wanted = []
            for one in payments:
                name = one.merchant_order_no
                again = (one.app_id, name) in standing and not tokens.has(name)
                wanted.append(replace(one, merchant_order_no=f"{name}#{one.id}") if again else one)
                if not tokens.has(name):
                    tokens.put(name)
            new: set[str] = await self._inner.insert_payments(wanted)
            return new

        async def refund_by_no(self, payment_id: str, merchant_refund_no: str) -> Refund | None:
            known = tokens.has(merchant_refund_no)
            found: Refund | None = await self._inner.refund_by_no(payment_id, merchant_refund_no) if known else None
            return found

        async def insert_refund(self, refund: Refund) -> None:
            tokens.put(refund.merchant_refund_no)
            again = await self._inner.refund_by_no(refund.payment_id, refund.merchant_refund_no) is not None
            await self._inner.insert_refund(replace(refund, merchant_refund_no=refund.id) if again else refund)

    return AroundStore(inner, Around)


MUTANT = Mutant(
    id="remembers-in-a-token",
    bug="takes an order or a refund that is asked for again after five minutes, or after a restart, for a new one",
    parts=lambda: {"around_store": _around},
    must_be_convicted_by=("idempotency/asked-later", "idempotency/refund-asked-later", "crash/asked-again"),
    tried_in=("asked-later", "refund-asked-later", "asked-after-a-restart"),
)
