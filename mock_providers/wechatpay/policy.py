"""What the facts leave open, as switches; every one is a setting `wechatpay_<name>`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self


@dataclass(frozen=True, slots=True)
class Policy:
    """
    Args:
        platform: what answers and notifies are signed with: a platform certificate, the public key's pair, or, while
            a merchant moves from one to the other, both.
        switching_share: which share of the notifies the public key's pair signs while switching.
        rotate_after_s: schedule seconds after which the next platform certificate signs; None never rotates.
        rotation_overlap_s: how long the old certificate stays listed beside the new one.
        spelling: of error codes: today's, or that of the 2020-2022 pages.
        duplicate_number: what a reused number is answered: as documented (403), or as merchants have seen (400).
        unknown_close: whether closing an order that nobody made is accepted.
        refund_settle_s: schedule seconds from a refund's acceptance to its end.
        refund_ending: how refunds end unless somebody says otherwise.
        refund_notify_url: the address set in the merchant's portal, which is told in XML where a refund names none.
        refund_closed_is_success: whether a trade whose only refund failed is SUCCESS again.
        pipe: whether a signature over the decoded form of `%7C` is taken as well.
        download_base_url: what a bill's download_url begins with.
        h5_base_url: what an h5_url begins with.
        bill_link_s: schedule seconds that a download_url lives.
        expiry_days_max: the furthest time_expire.
        password_s: schedule seconds that a buyer takes for the password.
        transfer_confirm_s: schedule seconds until the payee confirms a transfer.
        negative_tests: whether the acceptance cases are played at a request's wish.
        client_certificate: where the XML API demands the merchant's certificate: over TLS and not over plain HTTP,
            where no SDK sends one; always; or never.

    Facts: wechatpay/open-points
    """

    platform: Literal["certificate", "public_key", "switching"] = "certificate"
    switching_share: float = 0.5
    rotate_after_s: float | None = None
    rotation_overlap_s: float = 0.0
    spelling: Literal["current", "old"] = "current"
    duplicate_number: Literal["documented", "field"] = "documented"
    unknown_close: Literal["accepted", "refused"] = "accepted"
    refund_settle_s: float = 3.0
    refund_ending: Literal["success", "abnormal", "closed"] = "success"
    refund_notify_url: str = ""
    refund_closed_is_success: bool = False
    pipe: Literal["wire", "either"] = "wire"
    download_base_url: str = "https://api.mch.weixin.qq.com"
    h5_base_url: str = "https://wx.tenpay.com"
    bill_link_s: float = 300.0
    expiry_days_max: int = 15
    password_s: float = 10.0
    transfer_confirm_s: float | None = 3.0
    negative_tests: bool = True
    client_certificate: Literal["over_tls", "always", "never"] = "over_tls"

    @classmethod
    def of(cls, switches: Mapping[str, Any]) -> Self:
        """The settings that are here; others of this provider are somebody else's."""
        return cls(**{one.name: switches[one.name] for one in fields(cls) if one.name in switches})
