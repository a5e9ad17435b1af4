"""
What users may choose about Alipay, where the facts leave a choice; everything has the default that captures show.

Read from the settings that begin with `alipay_`; an unknown word among the notify events is refused here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mock_providers.errors import ConfigurationRefused, closest

EVENTS = ("scan", "payment", "refund", "refund_part", "refund_whole", "close", "finish")
PRODUCTS = ("qr", "page", "wap", "app", "jsapi", "barcode")
_SIGNED = frozenset({*PRODUCTS, "payout"})
_PARTS_OF_REFUND = {"refund_part": "refund", "refund_whole": "refund"}


@dataclass(frozen=True, slots=True)
class Policy:
    """
    Args:
        notify_events: which events are told; "wap/close" counts for one product alone.
        notify_content_type: "malformed" as captured from the real platform, or "clean".
        notify_resends_at_once: immediate resends before the ladder begins.
        ack_may_have_blanks: white space around `success` does no harm.
        password_above_fen: a barcode pays this much without a password.
        refundable_days: how long a payment can be refunded.
        refunds_whole_only: as in the vendor's sandbox, one refund for each trade, in full.
        refund_spacing_s: a refund sooner than this after another of its trade is refused.
        refund_settles_s: how long a refund is on its way; meanwhile `fund_change` is N.
        cancel_window_s: how long after its creation a trade can be cancelled.
        products_not_signed: what the merchant has no contract for; "payout" is one, too.
        receipt_max_fen: more than this the merchant cannot take at once; None is no limit of the merchant's own.
        needs_buyer_ip: an order without `business_params.mc_create_trade_ip` is refused.
        balance_fen: what the seller had before the book began; None is always enough.
        fee_basis_points: of each payment, kept by the platform.
        forbidden_words: subjects, bodies and remarks must not contain them.
        bill_empty_file: a day without business has an empty bill, where otherwise it has none.
        certificate_only: calls without certificate serials are refused.
        certificate_rotates_after_s: from then on the schedule, the next certificate's key signs in certificate mode.
        payout_needs_certificate: the public-key mode is refused by what pays out.
        payout_needs_scene: newer contracts demand `transfer_scene_name`.
        payout_settles_s: how long a transfer is dealt with before its result is there.
        v3_waiting_status: OpenAPI v3's HTTP status for a payment that waits for its buyer.
        app_gateway_url: where results of transfers are told; "" tells nobody.
    """

    notify_events: frozenset[str] = frozenset({"payment", "refund"})
    notify_content_type: str = "malformed"
    notify_resends_at_once: int = 0
    ack_may_have_blanks: bool = False
    password_above_fen: int = 100_000
    refundable_days: int = 365
    refunds_whole_only: bool = False
    refund_spacing_s: float = 0.0
    refund_settles_s: float = 0.0
    cancel_window_s: float = 86_400.0
    products_not_signed: frozenset[str] = frozenset()
    receipt_max_fen: int | None = None
    needs_buyer_ip: bool = False
    balance_fen: int | None = None
    fee_basis_points: int = 0
    forbidden_words: frozenset[str] = frozenset({"违禁词"})
    bill_empty_file: bool = False
    certificate_only: bool = False
    certificate_rotates_after_s: float | None = None
    payout_needs_certificate: bool = True
    payout_needs_scene: bool = False
    payout_settles_s: float = 0.0
    v3_waiting_status: int = 200
    app_gateway_url: str = ""

    def tells(self, event: str, product: str) -> bool:
        """
        Whether *event* is told for a trade of *product*.

        Facts: alipay/notify-statuses
        """
        names = {event, _PARTS_OF_REFUND.get(event, event)}
        return any(name in self.notify_events or f"{product}/{name}" in self.notify_events for name in names)

    def fee_fen(self, amount_fen: int) -> int:
        """What the platform keeps of *amount_fen*, to the nearest fen, half a fen up."""
        return (amount_fen * self.fee_basis_points + 5_000) // 10_000

    def forbids(self, *texts: str) -> bool:
        """Whether one of *texts* has a banned word in it."""
        return any(word in text for text in texts for word in self.forbidden_words)


def policy_of(switches: Mapping[str, Any]) -> Policy:
    """
    Take the switches that are the policy's.

    Raises:
        ConfigurationRefused: a notify event or a product that does not exist.
    """
    known = {one.name for one in fields(Policy)}
    policy = Policy(**{name: value for name, value in switches.items() if name in known})
    for word in sorted(policy.notify_events):
        _check_event(word)
    for word in sorted(policy.products_not_signed - _SIGNED):
        near = closest(word, tuple(sorted(_SIGNED)))
        raise ConfigurationRefused(f"alipay_products_not_signed has '{word}', which is no product.{near}")
    return policy


def _check_event(word: str) -> None:
    product, slash, event = word.rpartition("/")
    if event in EVENTS and (not slash or product in PRODUCTS):
        return
    every = (*EVENTS, *(f"{one}/{known_event}" for one in PRODUCTS for known_event in EVENTS))
    raise ConfigurationRefused(
        f"alipay_notify_events has '{word}', which is no event.{closest(word, every)} Events are "
        f"{', '.join(EVENTS)}, for one product alone such as wap/close."
    )
