"""
A world of a few dictionaries, with a gateway that keeps the rules or breaks one, for the story-teller's tests.
"""

from dataclasses import replace
from datetime import timedelta

from harness.control import Counts, NotifyDelivery, Trade
from harness.errors import ControlError
from harness.ids import Ids
from harness.sut.contract import Ability, LedgerEntry, Outcome, Payment, Posting, Refund, Reply, refused, unknown
from harness.sut.sink import WebhookEvent
from harness.world.base import Move
from harness.world.nemesis import Moves, gateway_moves
from tests.unit.harness.rows import NOON, TickingClock


class ToyBook:
    """
    Provider and control API in one: pays a trade and delivers its notify `copies` times, after one forgery.
    """

    def __init__(self):
        self.calls = []
        self.rows: dict[str, Trade] = {}
        self.deliveries: list[NotifyDelivery] = []
        self.rules: list[dict] = []
        self.copies = 1
        self.hear = lambda row, *, forged: False
        self.silent = False
        self.taken: list[str] = []

    async def trades(self, *, provider=None, limit=0):
        for row in list(self.rows.values()):
            yield row

    async def notifies(self, *, state=None, limit=0):
        # Every delivery was made at once; one of each order is shown as pending, so that it can be taken by hand.
        for delivery in self.deliveries:
            if state != "pending" or delivery.kind == "true":
                yield delivery

    async def deliver(self, notify):
        if self.taken:
            raise ControlError("left by itself", status=409, code="not_pending")
        self.taken.append(notify)

    drop = hold = release = deliver

    async def buyer(self, provider, out_trade_no, *, action):
        row = self.rows[out_trade_no]
        if row.paid_fen:
            raise ControlError("paid before", status=409, code="already_paid")
        self.rows[out_trade_no] = row = replace(row, paid_fen=row.total_fen, state="PAID", paid_at=NOON)
        for copy, kind in enumerate(() if self.silent else ["forged", *["true"] * self.copies]):
            acked = self.hear(row, forged=kind == "forged")
            self.deliveries.append(
                NotifyDelivery(
                    id=f"n{len(self.deliveries)}",
                    provider="alipay",
                    out_trade_no=out_trade_no,
                    label=row.label,
                    event="payment",
                    notify_id="x",
                    attempt=1,
                    due_at=NOON + timedelta(hours=copy),
                    state="done",
                    kind=kind,
                    last_answer={"status": 200, "body": "", "acked": acked},
                )
            )
        return row

    async def journal(self, *, direction):
        for call in self.calls:
            yield call

    async def put_faults(self, rules):
        self.rules = list(rules)
        self.copies = 1 + sum(rule["with"].get("copies", 0) for rule in rules)
        self.silent = any(rule["fault"] == "drop_all" for rule in rules)

    async def decisions(self):
        for rule in self.rules[:0]:
            yield rule

    async def counts(self):
        return Counts(
            notifies_sent=len(self.deliveries),
            notifies_delivered=len(self.deliveries),
            notifies_acked=sum(delivery.last_answer["acked"] for delivery in self.deliveries),
            notifies_forged=sum(delivery.kind == "forged" for delivery in self.deliveries),
            notifies_duplicate=(self.copies - 1) * len(self.rows),
        )


class ToyGateway:
    """
    Args:
        bug: "", "credits every notify", "believes forgeries" or "mute" (creates, and never answers).
    """

    name = "toy"
    abilities = frozenset(Ability)
    channels = ("alipay",)

    def __init__(self, book, sink, bug):
        self.book, self.sink, self.bug = book, sink, bug
        self.payments: dict[str, Payment] = {}
        book.hear = self.hear

    async def create(self, order):
        number = f"T{len(self.payments)}"
        label = order.subject.split()[-1]
        self.book.rows[number] = Trade(
            provider="alipay",
            out_trade_no=number,
            trade_no="t",
            label=label,
            total_fen=order.amount_fen,
            state="WAITING",
            paid_fen=0,
            refunded_fen=0,
        )
        self.payments[number] = Payment(
            id=number,
            merchant_order_no=order.merchant_order_no,
            out_trade_no=number,
            channel="alipay",
            amount_fen=order.amount_fen,
            status="PENDING",
            refund_status="NONE",
            refunded_fen=0,
            credits=(),
            debits=(),
        )
        if self.bug == "mute":
            return unknown(status=504, detail="no answer", attempts=4)
        return Reply(outcome=Outcome.OK, value=self.payments[number], status=201)

    def hear(self, row, *, forged):
        payment = self.payments[row.out_trade_no]
        if forged and self.bug != "believes forgeries":
            return False
        if not payment.credits or self.bug == "credits every notify":
            entry = Posting(entry_id=f"e{len(payment.credits or ())}", amount_fen=row.paid_fen)
            payment = replace(payment, status="PAID", credits=(*(payment.credits or ()), entry))
            self.payments[row.out_trade_no] = payment
            self.tell(payment, "payment.paid", {})
        return True

    def tell(self, payment, kind, more):
        data = {"merchant_order_no": payment.merchant_order_no, "amount_fen": payment.amount_fen, **more}
        self.sink.events.append(
            WebhookEvent(
                event_id=f"{kind}-{payment.id}-{len(more)}",
                type=kind,
                merchant_order_no=payment.merchant_order_no,
                data=data,
                received_at=NOON,
                answered=200,
            )
        )

    async def get(self, payment_id):
        return Reply(outcome=Outcome.OK, value=self.payments[payment_id], status=200)

    sync = get

    async def refund(self, payment_id, *, merchant_refund_no, amount_fen, reason=None):
        payment, row = self.payments[payment_id], self.book.rows[payment_id]
        if amount_fen > row.paid_fen - row.refunded_fen:
            return refused(status=409, code="refund_too_much", detail="more than was paid")
        self.book.rows[payment_id] = replace(row, refunded_fen=row.refunded_fen + amount_fen)
        debit = Posting(entry_id="d", amount_fen=amount_fen)
        payment = replace(
            payment, refunded_fen=payment.refunded_fen + amount_fen, debits=(*(payment.debits or ()), debit)
        )
        self.payments[payment_id] = payment
        self.tell(payment, "refund.succeeded", {"refund": {"amount_fen": amount_fen}})
        refund = Refund(
            id="r",
            payment_id=payment_id,
            merchant_refund_no=merchant_refund_no,
            out_request_no="o",
            amount_fen=amount_fen,
            status="SUCCEEDED",
        )
        return Reply(outcome=Outcome.OK, value=refund, status=201)

    async def ledger(self, payment_id):
        payment = self.payments[payment_id]
        legs = [
            LedgerEntry(
                transaction_id=posting.entry_id, kind=kind, account=account, amount_fen=sign * posting.amount_fen
            )
            for kind, way, side in (("payment", 1, payment.credits), ("refund", -1, payment.debits))
            for posting in side or ()
            for account, sign in (("channel", way), ("buyer", -way))
        ]
        return Reply(outcome=Outcome.OK, value=tuple(legs), status=200)

    async def export(self, *, after=None, limit=0, ours=None):
        for payment in list(self.payments.values()):
            yield payment


class ToySink:
    def __init__(self):
        self.events: list[WebhookEvent] = []
        self.refusals = 0

    def refuse_next(self, count):
        self.refusals = count


class ToyWorld:
    name = "toy"

    def __init__(self, *, bug="", moves=frozenset(Move), book=None):
        self.clock = TickingClock()
        self.ids = Ids(7, run_nonce="run1")
        self.control = ToyBook() if book is None else book
        self.sink = ToySink()
        self.gateway = ToyGateway(self.control, self.sink, bug)
        self.moves = moves
        self.diary: list[str] = []
        self.nemesis = Moves("toy", gateway_moves(moves, kill=self.kill_gateway, restart=self.restart_gateway))

    async def advance(self, seconds):
        self.diary.append(f"advance {seconds:g}")

    async def settle(self, *, patience_s):
        self.diary.append(f"settle {patience_s:g}")
        return True

    async def kill_gateway(self):
        self.diary.append("kill")

    async def restart_gateway(self):
        self.diary.append("restart")

    async def close(self):
        self.diary.append("close")
