"""
What can go wrong in the gateway, one class for each thing a caller must tell apart.

A class docstring is the default message, `code` is the machine word. The family knows nothing of HTTP: the http layer
maps codes to statuses.
"""

from __future__ import annotations

from typing import ClassVar


class GatewayError(Exception):
    """The gateway could not do what was asked."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str = "", *, code: str = "") -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.reason = code or self.code
        super().__init__(self.detail)


class SettingsRefused(GatewayError):
    """The settings make no sense; correct them and start again."""

    code = "settings_refused"


class BadRequest(GatewayError):
    """The request is malformed; correct it before sending it again."""

    code = "bad_request"


class Unauthenticated(GatewayError):
    """The request is not signed as it must be; sign it again with a fresh timestamp and nonce."""

    code = "unauthenticated"


class UnknownPayment(GatewayError):
    """There is no such payment; check the id."""

    code = "unknown_payment"


class UnknownRefund(GatewayError):
    """There is no such refund of this payment; check the id."""

    code = "unknown_refund"


class UnknownRoom(GatewayError):
    """There is no such room of this app; make it first, or check the id."""

    code = "unknown_room"


class UnknownGood(GatewayError):
    """There is no such good of this app; make it first, or check the id."""

    code = "unknown_good"


class UnknownPacket(GatewayError):
    """There is no such red packet; check the id."""

    code = "unknown_red_packet"


class PacketGone(GatewayError):
    """Nothing of this red packet can be claimed any more."""

    code = "red_packet_gone"


class UnknownPayout(GatewayError):
    """There is no such payout; check the id."""

    code = "unknown_payout"


class OrderConflict(GatewayError):
    """This merchant_order_no was used before with other content; take a new number."""

    code = "order_conflict"


class IdempotencyConflict(GatewayError):
    """This Idempotency-Key was used before with another body; take a new key."""

    code = "idempotency_conflict"


class RefundConflict(GatewayError):
    """This merchant_refund_no was used before with another amount; take a new number."""

    code = "refund_conflict"


class RefundExceedsPaid(GatewayError):
    """The refunds of this payment would exceed what was paid; ask for less."""

    code = "refund_exceeds_paid"


class IllegalTransition(GatewayError):
    """The payment or refund is not in a state that allows this; read it and decide again."""

    code = "illegal_transition"


class AmountMismatch(GatewayError):
    """The channel names another amount than the order's; nothing was booked."""

    code = "amount_mismatch"


class NotifyRefused(GatewayError):
    """The notify does not belong to this gateway; nothing was booked."""

    code = "notify_refused"


class SignatureRejected(NotifyRefused):
    """The signature does not match what arrived; nothing was believed."""

    code = "signature_rejected"


class ChannelRefused(GatewayError):
    """The channel refused, in a signed answer: what was asked has not been done and will not be."""

    code = "channel_refused"


class ChannelUnavailable(GatewayError):
    """The channel did nothing and may do it later: the same call is safe to repeat."""

    code = "channel_unavailable"


class ChannelOutcomeUnknown(GatewayError):
    """Nobody knows what the channel did: it must be queried, never assumed."""

    code = "channel_outcome_unknown"


class OpeningLost(ChannelOutcomeUnknown):
    """The trade is there, and the channel never tells again how it is paid: it needs another number."""

    code = "opening_lost"


class TooBusy(GatewayError):
    """The gateway has as much in hand as it may; nothing was written, send the same request again a little later."""

    code = "too_busy"

    def __init__(self, detail: str = "", *, code: str = "", retry_after_s: int = 1) -> None:
        super().__init__(detail, code=code)
        self.retry_after_s = retry_after_s


class LimitReached(TooBusy):
    """This was asked for too often, or for too much in too short a time; come again when the window is over."""

    code = "rate_limit"


class AmountRefused(GatewayError):
    """One payment may not be as much as this; ask for less."""

    code = "amount_limit"


class NoRoute(GatewayError):
    """No channel can take this payment now; ask again shortly, or ask for a channel by name."""

    code = "no_route"


class NotAnOperator(GatewayError):
    """This app may not operate the gateway; ask with one whose entry in the apps file says `operator`."""

    code = "not_an_operator"


class UnknownReconciliation(GatewayError):
    """This day of this channel has not been compared; POST it to /api/v1/reconciliations."""

    code = "unknown_reconciliation"


class StreamUnavailable(GatewayError):
    """A stream did not say that it has the events; they are appended again."""

    code = "stream_unavailable"


class StreamFenced(GatewayError):
    """Another instance leads now; this one's term is over and it appends nothing more."""

    code = "stream_fenced"


class StoreUnavailable(GatewayError):
    """The database cannot be reached; send the same request again shortly."""

    code = "store_unavailable"


class StoreConflict(GatewayError):
    """Two transactions met and this one lost; the same transaction is safe to repeat."""

    code = "store_conflict"


class ConstraintBroken(GatewayError):
    """The database refused a row that breaks one of its rules; nothing of the transaction was written."""

    code = "constraint_broken"
