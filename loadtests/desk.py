"""
Where visitors do their errands: asks the gateway, and writes down what became of it.

It is handed the way to send and the way to wait, so that it can be used by any generator and by tests. It refuses to
know what a visitor wants.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from loadtests.clock import moment_s, wall_s
from loadtests.merchant import PAYMENTS, Errand, Merchant, order
from loadtests.recorder import Recorder

# Of those who were told to come back for their parameters, one in so many comes back.
ASKS_AGAIN = 16
# When they come back, and when those who wait for their money look.
LOOKS_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
PAID = frozenset({"PAID", "SHIPPED", "COMPLETED"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 where nothing did."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


# method, target, body, headers, what it is called.
Send = Callable[[str, str, bytes, Mapping[str, str], str], Answer]


class Desk:
    """
    One generator's desk.

    Args:
        send: sends a request and waits for its answer.
        wait: waits so many seconds.
    """

    def __init__(self, send: Send, *, merchant: Merchant, recorder: Recorder, wait: Callable[[float], None]) -> None:
        self._send = send
        self._merchant = merchant
        self._recorder = recorder
        self.wait = wait

    def ask(
        self,
        method: str,
        target: str,
        *,
        name: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """
        A request of its own, with no time at which it was meant to be sent.
        """
        start_s = moment_s()
        self._recorder.started(name, intended_s=start_s, start_s=start_s)
        answer = self.sent(method, target, name=name, body=body, headers=headers)
        self._recorder.ended(
            name, intended_s=start_s, end_s=moment_s(), status=answer.status, retry_after=told_when(answer)
        )
        return answer

    def sent(
        self,
        method: str,
        target: str,
        *,
        name: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """
        A request that is written down elsewhere, or not at all.
        """
        signed = self._merchant.signed(method, target, timestamp=int(wall_s()), body=body)
        return self._send(method, target, signed.body, {**signed.headers, **(headers or {})}, name)

    def create(self, errand: Errand, *, headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
        """
        Open the errand's payment; its latency runs from when it was meant to begin.
        """
        answer = self.sent("POST", PAYMENTS, name=errand.kind, body=order(errand, **more), headers=headers)
        self.opened(errand, answer)
        return answer

    def opened(self, errand: Errand, answer: Answer, *, payment: Mapping[str, Any] | None = None) -> None:
        """
        Write down how the opening of a payment went.

        Args:
            payment: where the answer holds it, if it is not the answer itself.
        """
        recorder, kind, end_s = self._recorder, errand.kind, moment_s()
        recorder.ended(
            kind, intended_s=errand.intended_s, end_s=end_s, status=answer.status, retry_after=told_when(answer)
        )
        if not answer.ok:
            return
        recorder.accepted(kind, errand.number, intended_s=errand.intended_s)
        shown = answer.body if payment is None else payment
        if shown.get("pay_params") is not None or shown.get("status") in PAID:
            recorder.params(kind, intended_s=errand.intended_s, end_s=end_s)
        elif errand.lot % ASKS_AGAIN == 0 and "id" in shown:
            self._fetch_params(errand, str(shown["id"]))

    def look(self, payment_id: str, *, name: str = "look") -> Answer:
        return self.ask("GET", f"{PAYMENTS}/{payment_id}", name=name)

    def paid(self, payment_id: str) -> Mapping[str, Any] | None:
        """
        The payment as soon as it is paid; None when that did not come.
        """
        for wait_s in LOOKS_S:
            self.wait(wait_s)
            answer = self.look(payment_id)
            if answer.ok and answer.body.get("status") in PAID:
                return answer.body
        return None

    def failed(self, errand: Errand, words: str) -> None:
        """
        The visitor saw what no gateway may do.
        """
        self._recorder.failed(errand.kind, errand.order_no, words)

    def _fetch_params(self, errand: Errand, payment_id: str) -> None:
        for wait_s in LOOKS_S:
            self.wait(wait_s)
            shown = self.look(payment_id, name="params")
            if shown.ok and shown.body.get("pay_params") is not None:
                self._recorder.params(errand.kind, intended_s=errand.intended_s, end_s=moment_s(), count=ASKS_AGAIN)
                return


def told_when(answer: Answer) -> bool:
    """
    Whether an answer says when to come again.
    """
    return any(name.lower() == "retry-after" for name in answer.headers)
