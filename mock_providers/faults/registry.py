"""
Every fault there is, by name; a new fault is one file and one line here.

The order of the lines is the order in which faults that strike together are applied.
"""

from collections.abc import Mapping
from types import MappingProxyType

from mock_providers.faults.ack_ignored import AckIgnored
from mock_providers.faults.after_close import AfterClose
from mock_providers.faults.another_answer import AnotherAnswer
from mock_providers.faults.bad_signature import BadSignature
from mock_providers.faults.base import Fault
from mock_providers.faults.before_response import BeforeResponse
from mock_providers.faults.busy import Busy
from mock_providers.faults.certificate_rotation import CertificateRotation
from mock_providers.faults.clock_skew import ClockSkew
from mock_providers.faults.coupon import Coupon
from mock_providers.faults.delay import Delay
from mock_providers.faults.drop import Drop
from mock_providers.faults.drop_all import DropAll
from mock_providers.faults.duplicate import Duplicate
from mock_providers.faults.expired_certificate import ExpiredCertificate
from mock_providers.faults.extra_fields import ExtraFields
from mock_providers.faults.foreign_chain import ForeignChain
from mock_providers.faults.forged_signature import ForgedSignature
from mock_providers.faults.held_up import HeldUp
from mock_providers.faults.http_error import HttpError
from mock_providers.faults.in_process import InProcess
from mock_providers.faults.malformed_body import MalformedBody
from mock_providers.faults.other_spelling import OtherSpelling
from mock_providers.faults.refund_before_payment import RefundBeforePayment
from mock_providers.faults.refund_fails import RefundFails
from mock_providers.faults.refuse import Refuse
from mock_providers.faults.reorder import Reorder
from mock_providers.faults.replayed_notify import ReplayedNotify
from mock_providers.faults.reset_after import ResetAfter
from mock_providers.faults.reset_before import ResetBefore
from mock_providers.faults.rolled_back import RolledBack
from mock_providers.faults.says_failed import SaysFailed
from mock_providers.faults.says_finished import SaysFinished
from mock_providers.faults.says_flawed import SaysFlawed
from mock_providers.faults.settlement_day import SettlementDay
from mock_providers.faults.signature_downgrade import SignatureDowngrade
from mock_providers.faults.signature_probe import SignatureProbe
from mock_providers.faults.slow_drip import SlowDrip
from mock_providers.faults.slow_reading import SlowReading
from mock_providers.faults.stale_timestamp import StaleTimestamp
from mock_providers.faults.system_error import SystemErrorReply
from mock_providers.faults.tampered_amount import TamperedAmount
from mock_providers.faults.timeout_after import TimeoutAfter
from mock_providers.faults.timeout_before import TimeoutBefore
from mock_providers.faults.truncated import Truncated
from mock_providers.faults.unknown_order import UnknownOrder
from mock_providers.faults.unsigned import Unsigned
from mock_providers.faults.wrong_certificate_name import WrongCertificateName
from mock_providers.faults.wrong_encoding import WrongEncoding
from mock_providers.faults.wrong_key import WrongKey
from mock_providers.faults.wrong_recipient import WrongRecipient

_ALL: tuple[type[Fault], ...] = (
    Duplicate,
    CertificateRotation,
    WrongKey,
    ForeignChain,
    WrongCertificateName,
    ExpiredCertificate,
    SignatureDowngrade,
    ClockSkew,
    WrongEncoding,
    ExtraFields,
    OtherSpelling,
    Coupon,
    SaysFinished,
    SaysFlawed,
    SaysFailed,
    AnotherAnswer,
    AckIgnored,
    SlowReading,
    ReplayedNotify,
    UnknownOrder,
    WrongRecipient,
    StaleTimestamp,
    TamperedAmount,
    ForgedSignature,
    SignatureProbe,
    Delay,
    SettlementDay,
    Reorder,
    AfterClose,
    RefundBeforePayment,
    Drop,
    DropAll,
    BeforeResponse,
    HeldUp,
    InProcess,
    RolledBack,
    RefundFails,
    Busy,
    SystemErrorReply,
    Refuse,
    BadSignature,
    Unsigned,
    MalformedBody,
    SlowDrip,
    Truncated,
    HttpError,
    TimeoutAfter,
    TimeoutBefore,
    ResetAfter,
    ResetBefore,
)

FAULTS: Mapping[str, type[Fault]] = MappingProxyType({fault.name: fault for fault in _ALL})
RANK: Mapping[str, int] = MappingProxyType({fault.name: rank for rank, fault in enumerate(_ALL)})
