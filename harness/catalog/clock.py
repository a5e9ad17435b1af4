"""
Clocks that disagree.
"""

from harness.catalog.base import Requirement

REQUIREMENTS = (
    Requirement(
        "clock/stale-stamp-refused",
        "A notify whose stamp is older than the window is refused.",
        facts=("wechatpay/notify-headers",),
        channels=("wechatpay_v3",),
    ),
    Requirement("clock/small-skew-accepted", "A provider whose clock is a minute and a half off is still understood."),
    Requirement(
        "clock/last-rung-accepted",
        "The last notify of the ladder, a day after the first, is accepted: its stamp is fresh.",
        facts=("wechatpay/notify-ladder", "alipay/notify-ladder", "unionpay/notify-retries"),
    ),
)
