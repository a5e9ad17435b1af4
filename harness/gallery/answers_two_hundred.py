"""
"Never bother the provider with errors": whatever cannot be read or believed is acknowledged like a good notify.
"""

from collections.abc import Mapping

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.domain.money import NOTHING_FEN
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import NotifyRefused


class Around(AroundChannel):
    """What is refused becomes a notice of nothing."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        try:
            return self._inner.parse_notify(headers, body)
        except NotifyRefused:
            return Notice(
                channel=self.name,
                notify_id="",
                kind=NoticeKind.WAITING,
                out_trade_no="",
                channel_trade_no="",
                amount_fen=NOTHING_FEN,
            )


class Policy(HonestNoticePolicy):
    """A notice of nothing is acknowledged."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        return super().judge(notice, payment) if notice.out_trade_no else Judgement(Ruling.ACK, "unreadable")


MUTANT = Mutant(
    id="answers-two-hundred",
    bug="acknowledges what it cannot verify",
    parts=lambda: {"around_channels": Around, "notice_policy": Policy()},
    must_be_convicted_by=("signature/forged-never-acked", "signature/unsigned-refused"),
    tried_in=("unsigned",),
)
