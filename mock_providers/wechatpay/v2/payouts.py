"""
Money to people: red packets (`sendredpack`, `sendgroupredpack`, `gethbinfo`) and transfers to a wallet.

Answers of this family are not signed.

Facts: wechatpay/v2-redpack, wechatpay/v2-transfers
"""

from collections.abc import Mapping
from functools import partial

from mock_providers.core.books.payouts import Payout, PayoutState
from mock_providers.core.money import Fen
from mock_providers.wechatpay.desk import PROVIDER_NAME, Desk
from mock_providers.wechatpay.times import spaced
from mock_providers.wechatpay.v2 import codes, xml
from mock_providers.wechatpay.v2.codes import Refusal
from mock_providers.wechatpay.v2.work import Answer, Done, Work

_UNTAKEN_S = 86_400.0
_DUE = "v2.packet"
# Without a scene a packet holds 1 to 200 yuan. Facts: wechatpay/v2-redpack
_PACKET_FEN = (100, 20_000)
_GROUP = range(3, 21)
# See wechatpay/v2-transfers.
_TRANSFER_MIN_FEN = 30
KIND, COMPARED = "kind", "compared"
_STATUS: Mapping[PayoutState, str] = {
    PayoutState.PROCESSING: "SENT",
    PayoutState.SUCCEEDED: "RECEIVED",
    PayoutState.FAILED: "FAILED",
    PayoutState.RETURNED: "REFUND",
}
_TRANSFER_STATUS: Mapping[PayoutState, str] = {
    PayoutState.PROCESSING: "PROCESSING",
    PayoutState.SUCCEEDED: "SUCCESS",
    PayoutState.FAILED: "FAILED",
    PayoutState.RETURNED: "FAILED",
}


class Payouts:
    """The APIs about money to people."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.timers.serve(_DUE, self._due)

    def send_packet(self, work: Work) -> Answer:
        """
        One packet for one person.

        Facts: wechatpay/v2-redpack
        """
        if int(work.fields["total_num"]) != 1:
            return codes.HB_TOTAL_NUM
        return self._send(work, "NORMAL")

    def send_group(self, work: Work) -> Answer:
        """
        Several packets, which the first one passes on.

        Facts: wechatpay/v2-redpack
        """
        if int(work.fields["total_num"]) not in _GROUP:
            return codes.HB_TOTAL_NUM
        return self._send(work, "GROUP")

    def _send(self, work: Work, kind: str) -> Answer:
        fields = work.fields
        amount_fen, count = int(fields["total_amount"]), int(fields["total_num"])
        low, high = _PACKET_FEN
        if not low * count <= amount_fen <= high * count and not fields.get("scene_id"):
            return codes.HB_SCENE
        known = self._known(work, fields["mch_billno"])
        compared = f"{kind}|{fields['re_openid']}|{amount_fen}|{count}"
        if known is not None:
            return _packet_sent(known, work) if known.details[COMPARED] == compared else codes.HB_REPEATED_DIFFERENTLY
        details = {KIND: kind, COMPARED: compared} | {
            name: fields[name] for name in ("total_num", "send_name", "act_name", "wishing", "remark")
        }
        payout = self._open(work, fields["mch_billno"], amount_fen, payee=fields["re_openid"], details=details)
        self._expect(payout)
        return _packet_sent(payout, work)

    def _expect(self, payout: Payout) -> None:
        """It is taken after a while, or goes back after a day."""
        taken_s, number = self._desk.policy.transfer_confirm_s, payout.out_biz_no
        after = partial(self._desk.timers.after, merchant_id=payout.merchant_id, number=number)
        if taken_s is not None:
            after(taken_s, _DUE, state=PayoutState.SUCCEEDED)
        after(_UNTAKEN_S, _DUE, state=PayoutState.RETURNED)

    def _due(self, mchid: str, about: Mapping[str, str]) -> None:
        payout = self._desk.book.payouts.by_number(PROVIDER_NAME, mchid, about["number"])
        if payout is not None and payout.state is PayoutState.PROCESSING:
            self._desk.book.payouts.settle(payout, PayoutState(about["state"]), now=self._desk.now())

    def packet(self, work: Work) -> Answer:
        """
        What has become of a packet.

        Facts: wechatpay/v2-redpack
        """
        payout = self._known(work, work.fields["mch_billno"])
        if payout is None or payout.details[KIND] == "TRANSFER":
            return codes.HB_NOT_FOUND
        fields = {
            "mch_billno": payout.out_biz_no,
            "detail_id": payout.order_no,
            "status": _STATUS[payout.state],
            "send_type": "API",
            "hb_type": payout.details[KIND],
            "total_num": payout.details["total_num"],
            "total_amount": str(payout.amount_fen),
            "send_time": spaced(payout.asked_at),
            "wishing": payout.details["wishing"],
            "remark": payout.details["remark"],
            "act_name": payout.details["act_name"],
        }
        if payout.state is PayoutState.RETURNED and payout.settled_at is not None:
            fields |= {"refund_time": spaced(payout.settled_at), "refund_amount": str(payout.amount_fen)}
        return Done(fields, nested=_takers(payout))

    def transfer(self, work: Work) -> Answer:
        """
        Money into a wallet, there at once.

        Facts: wechatpay/v2-transfers
        """
        fields = work.fields
        amount_fen = int(fields["amount"])
        if fields["check_name"] == "FORCE_CHECK" and not fields.get("re_user_name"):
            return Refusal("PARAM_ERROR", "check_name为FORCE_CHECK时re_user_name必填")
        if amount_fen < _TRANSFER_MIN_FEN:
            return codes.TRANSFER_AMOUNT
        compared = f"TRANSFER|{fields['openid']}|{amount_fen}|{fields.get('re_user_name', '')}"
        known = self._known(work, fields["partner_trade_no"])
        if known is not None:
            same = known.details[COMPARED] == compared
            return _transferred(known) if same else codes.TRANSFER_REPEATED_DIFFERENTLY
        details = {KIND: "TRANSFER", COMPARED: compared, "desc": fields["desc"]}
        details["re_user_name"] = fields.get("re_user_name", "")
        payout = self._open(work, fields["partner_trade_no"], amount_fen, payee=fields["openid"], details=details)
        self._desk.book.payouts.settle(payout, PayoutState.SUCCEEDED, now=work.now)
        return _transferred(payout)

    def transfer_info(self, work: Work) -> Answer:
        """
        What has become of a transfer.

        Facts: wechatpay/v2-transfers
        """
        payout = self._known(work, work.fields["partner_trade_no"])
        if payout is None or payout.details[KIND] != "TRANSFER":
            return codes.TRANSFER_NOT_FOUND
        paid_at = payout.settled_at or payout.asked_at
        return Done(
            {
                "partner_trade_no": payout.out_biz_no,
                "detail_id": payout.order_no,
                "status": _TRANSFER_STATUS[payout.state],
                "openid": payout.payee,
                "transfer_name": payout.details["re_user_name"],
                "payment_amount": str(payout.amount_fen),
                "transfer_time": spaced(payout.asked_at),
                "payment_time": spaced(paid_at),
                "desc": payout.details["desc"],
            }
        )

    def _known(self, work: Work, number: str) -> Payout | None:
        return self._desk.book.payouts.by_number(PROVIDER_NAME, work.merchant.mchid, number)

    def _open(self, work: Work, number: str, amount_fen: int, *, payee: str, details: Mapping[str, str]) -> Payout:
        drawn = self._desk.numbers.of_kind("v2-payout", 18, work.merchant.mchid, number)
        payout = Payout(
            provider=PROVIDER_NAME,
            merchant_id=work.merchant.mchid,
            out_biz_no=number,
            order_no=f"1000{drawn}",
            amount_fen=Fen(amount_fen),
            payee=payee,
            asked_at=work.now,
            label=work.label,
            details=details,
        )
        return self._desk.book.payouts.open(payout)


def _packet_sent(payout: Payout, work: Work) -> Done:
    return Done(
        {
            "mch_billno": payout.out_biz_no,
            "wxappid": work.fields["wxappid"],
            "re_openid": payout.payee,
            "total_amount": str(payout.amount_fen),
            "send_listid": payout.order_no,
        }
    )


def _takers(payout: Payout) -> str:
    """Who has taken it, each in an element of its own."""
    if payout.state is not PayoutState.SUCCEEDED or payout.settled_at is None:
        return "<hblist></hblist>"
    taken = {"openid": payout.payee, "amount": str(payout.amount_fen), "rcv_time": spaced(payout.settled_at)}
    return f"<hblist>{xml.write(taken, root='hbinfo')}</hblist>"


def _transferred(payout: Payout) -> Done:
    return Done(
        {
            "partner_trade_no": payout.out_biz_no,
            "payment_no": payout.order_no,
            "payment_time": spaced(payout.settled_at or payout.asked_at),
        }
    )
