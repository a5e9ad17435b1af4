"""
OpenAPI v3's signature doctor: which text a caller may have signed instead of the one that its request makes.

Looks into requests only; notifies are those of gateway v2, and its doctor knows them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mock_providers.alipay.v3.authorization import origin_form
from mock_providers.alipay.v3.body import header_of
from mock_providers.alipay.v3.paths import PREFIX
from mock_providers.alipay.v3.recipe import CAUSES, received
from mock_providers.alipay.v3.suspicions import Decrypt, suspicions
from mock_providers.core.signatures.doctor import Case, Diagnosis, Patience, Words, candidates, diagnose
from mock_providers.core.signatures.seals import Expected, open_signature
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable

_CLOCK_OFF = timedelta(minutes=10)


def speaks_v3(request: RawRequest) -> bool:
    """Whether a request is for this doctor."""
    scheme = header_of(request, "authorization").partition(" ")[0].upper()
    return scheme.startswith("ALIPAY-") or origin_form(request.target).startswith(PREFIX)


@dataclass(frozen=True)
class V3Doctor:
    """
    Args:
        expected: what a good signature would have been.
        decrypt: opens encrypted content; None where that cannot be tried.
        patience: less and less for callers whose texts nothing explains.
    """

    expected: Expected
    decrypt: Decrypt | None
    patience: Patience

    def examine(self, request: RawRequest, *, now: datetime | None = None) -> Diagnosis:
        """
        Look into a request.

        Raises:
            Undiagnosable: there is no signature in it.
        """
        taken = received(request)
        if not taken.authorization.signature:
            raise Undiagnosable(
                "there is no Authorization header with a sign=… in it; paste the whole request, with its headers"
            )
        right = taken.right
        case = Case(
            built=right.cooked().decode("utf-8", "replace"),
            codec="utf-8",
            candidates=lambda: candidates(right, suspicions(taken, decrypt=self.decrypt), causes=CAUSES),
            hints=tuple(_hints(taken.authorization.field("timestamp"), now)),
        )
        opening = open_signature(taken.authorization.signature, self.expected)
        return self.patience.note(diagnose(case, opening, budget=self.patience.budget))


def _hints(stamp: str, now: datetime | None) -> Iterator[Words]:
    if now is None or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 16):
        return
    try:
        sent_at = datetime.fromtimestamp(int(stamp) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return
    if abs(now - sent_at) > _CLOCK_OFF:
        yield Words(
            "timestamp is over ten minutes from the present: that makes no signature wrong, and is refused too.",
            "timestamp 与当前时间相差超过十分钟：这不会使签名出错，但请求同样会被拒绝。",  # noqa: RUF001
        )
