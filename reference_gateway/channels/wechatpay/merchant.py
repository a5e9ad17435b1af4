"""Who we are at WeChat Pay: addresses, numbers, keys. Values only, of both APIs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import rsa

SignType = Literal["HMAC-SHA256", "MD5"]
PayoutWay = Literal["transfer", "red_packet"]


@dataclass(frozen=True, slots=True)
class V3Merchant:
    """
    A merchant of API v3.

    Attributes:
        hosts: scheme and authority, the backup host second.
        serial_no: of the merchant's own certificate, which signs requests.
        answers_by: what requests ask to be answered with, for merchants who have both.
        apiv2_key: opens refund notices in the XML API's form, which come where the portal has an address; empty
            refuses them.
        transfer_scene_id: which of the scenes granted at the portal transfers are made under.
    """

    hosts: tuple[str, ...]
    appid: str
    mchid: str
    serial_no: str
    private_key: rsa.RSAPrivateKey = field(repr=False)
    apiv3_key: bytes = field(repr=False)
    public_key_id: str = ""
    public_key: rsa.RSAPublicKey | None = None
    answers_by: Literal["certificate", "public_key"] = "certificate"
    apiv2_key: bytes = field(default=b"", repr=False)
    refund_notify_url: str = ""
    transfer_scene_id: str = "1000"
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class V2Merchant:
    """
    A merchant of the XML API.

    Attributes:
        hosts: scheme and authority, the backup host second.
        tls: shows our certificate where the API asks for it; None over plain HTTP.
    """

    hosts: tuple[str, ...]
    appid: str
    mch_id: str
    apiv2_key: bytes = field(repr=False)
    sign_type: SignType = "HMAC-SHA256"
    payout_way: PayoutWay = "transfer"
    refund_notify_url: str = ""
    tls: ssl.SSLContext | None = None
