"""
"We sell at home": which currency an amount of a notify is in is not looked at.
"""

from typing import Any

from harness.gallery.around import RereadsResources, only
from harness.gallery.mutant import Mutant


class Around(RereadsResources):
    """990 are 990."""

    def misread(self, told: dict[str, Any]) -> None:
        if "currency" in told.get("amount", {}):
            told["amount"]["currency"] = "CNY"


MUTANT = Mutant(
    id="v3-any-currency",
    bug="takes 9.90 US dollars of WeChat Pay's for 9.90 yuan",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("money/other-currency-refused",),
    channel="wechatpay_v3",
    tried_in=("in-dollars",),
)
