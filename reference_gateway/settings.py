"""
The gateway's settings: one frozen class, read from arguments, then the environment (`GATEWAY_…`), then defaults.

The only module of the gateway that reads the environment. A `GATEWAY_` variable that nobody knows is refused, with the
nearest one that exists.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from reference_gateway.crash import crash_point_from

PREFIX = "GATEWAY_"
MEMORY_URL = "memory:"

CHANNEL_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "alipay_gateway_url": (
        "alipay_app_id",
        "alipay_seller_id",
        "alipay_app_private_key_file",
    ),
    "alipay_v3_url": ("alipay_gateway_url",),
    "wechatpay_v3_url": (
        "wechatpay_appid",
        "wechatpay_mchid",
        "wechatpay_cert_file",
        "wechatpay_key_file",
        "wechatpay_apiv3_key_file",
    ),
    "wechatpay_v2_url": ("wechatpay_appid", "wechatpay_mchid", "wechatpay_apiv2_key_file"),
    "unionpay_url": ("unionpay_mer_id",),
    "unionpay_pfx_file": (
        "unionpay_url",
        "unionpay_pfx_password",
        "unionpay_root_cert_file",
        "unionpay_middle_cert_file",
    ),
    "unionpay_secure_key": ("unionpay_url",),
    "unionpay_sm2_file": (
        "unionpay_url",
        "unionpay_sm2_password",
        "unionpay_sm2_root_cert_file",
        "unionpay_sm2_middle_cert_file",
    ),
}
"""What each channel cannot do without once its address is given."""


def _files(given: Any) -> Any:
    return tuple(name.strip() for name in given.split(",") if name.strip()) if isinstance(given, str) else given


Files = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_files)]
"""Several files, separated by commas."""


class RouteSetting(BaseModel):
    """What the router is told of a channel; the meaning of each stands in `domain/routing.py`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: NonNegativeInt = 100
    regions: frozenset[str] = frozenset()
    fee_bp: Annotated[int, Field(ge=0, le=10_000)] | None = None


class LimitRule(BaseModel):
    """At most so many payments, or so much money, in each window, for each buyer, room or app."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Literal["buyer", "room", "app"]
    window_s: PositiveInt
    count_max: PositiveInt | None = None
    amount_fen_max: PositiveInt | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.count_max is None and self.amount_fen_max is None:
            raise ValueError("a limit has count_max or amount_fen_max, or both")
        return self


def _words(given: Any) -> Any:
    return tuple(word.strip() for word in given.split(",") if word.strip()) if isinstance(given, str) else given


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_words)]
"""Several networks, separated by commas: 203.0.113.0/24, 2001:db8::/32."""


class GatewaySettings(BaseSettings):
    """Everything a gateway process can be told."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    public_url: str = ""
    database_url: SecretStr
    database_pool: PositiveInt = 10
    redis_url: str = ""
    alipay_gateway_url: str = ""
    alipay_app_id: str = ""
    alipay_seller_id: str = ""
    alipay_app_private_key_file: Path | None = None
    alipay_public_key_file: Path | None = None
    # Certificate mode; beside a public key it serves the payouts alone, which are refused without certificates.
    alipay_app_cert_file: Path | None = None
    alipay_root_cert_file: Path | None = None
    alipay_cert_files: Files = ()
    alipay_aes_key: SecretStr = SecretStr("")
    alipay_v3_url: str = ""
    # Scheme and host, without a path; the backup host serves both APIs.
    wechatpay_v3_url: str = ""
    wechatpay_v2_url: str = ""
    wechatpay_backup_url: str = ""
    wechatpay_appid: str = ""
    wechatpay_mchid: str = ""
    # The merchant's API certificate and its key; refunds and payouts of the XML API show it over TLS.
    wechatpay_cert_file: Path | None = None
    wechatpay_key_file: Path | None = None
    wechatpay_apiv3_key_file: Path | None = None
    wechatpay_apiv2_key_file: Path | None = None
    # The platform's public key with its id (public-key mode), certificates that are known already, and who may issue
    # new ones; "auto" lives by the public key where there is one.
    wechatpay_public_key_id: str = ""
    wechatpay_public_key_file: Path | None = None
    wechatpay_platform_cert_files: Files = ()
    wechatpay_platform_ca_file: Path | None = None
    wechatpay_answers_by: Literal["auto", "certificate", "public_key"] = "auto"
    wechatpay_sign_type: Literal["HMAC-SHA256", "MD5"] = "HMAC-SHA256"
    wechatpay_payout_way: Literal["transfer", "red_packet"] = "transfer"
    wechatpay_transfer_scene_id: str = "1000"
    wechatpay_tls_ca_file: Path | None = None
    # One UnionPay channel for each way to sign: `unionpay_rsa` by the pfx, `unionpay_keyed` by the secure key,
    # `unionpay_sm2` by the sm2 file. The encryption certificates are renewed from UnionPay day by day.
    unionpay_url: str = ""
    unionpay_file_url: str = ""
    # Where browsers go after paying when their payment has no return_url.
    unionpay_front_url: str = ""
    unionpay_mer_id: str = Field(default="", pattern=r"^([0-9A-Za-z]{15})?$")
    unionpay_pfx_file: Path | None = None
    unionpay_pfx_password: SecretStr = SecretStr("")
    unionpay_root_cert_file: Path | None = None
    unionpay_middle_cert_file: Path | None = None
    unionpay_enc_cert_file: Path | None = None
    unionpay_secure_key: SecretStr = SecretStr("")
    unionpay_keyed_digest: Literal["sha256", "sm3"] = "sha256"
    unionpay_sm2_file: Path | None = None
    unionpay_sm2_password: SecretStr = SecretStr("")
    unionpay_sm2_root_cert_file: Path | None = None
    unionpay_sm2_middle_cert_file: Path | None = None
    unionpay_sm2_enc_cert_file: Path | None = None
    apps_file: Path
    # An instance that only admits commits orders and notifies at once; the others call the channels and do what is due.
    role: Literal["all", "admit"] = "all"
    sync_wait_ms: PositiveInt = 800
    channel_timeout_s: PositiveFloat = 8.0
    webhook_timeout_s: PositiveFloat = 5.0
    order_ttl_s: PositiveInt = 900
    # What is asked for too often or for too much is refused before anything is written.
    limits: tuple[LimitRule, ...] = ()
    payment_fen_max: PositiveInt | None = None
    # Where notifies may come from; everywhere if it is empty, for their signature is what is believed.
    notify_networks: Networks = ()
    red_packet_ttl_s: PositiveInt = 24 * 3600
    # A buyer at the till types a password within this time, or the payment is reversed (Facts: alipay/pay).
    barcode_wait_s: PositiveInt = 45
    barcode_poll_s: PositiveFloat = 4.0
    # A freeze that is not captured by then is set free.
    hold_ttl_s: PositiveInt = 604_800
    lease_s: PositiveFloat = 30.0
    drain_s: PositiveFloat = 15.0
    # How long a stopping gateway still takes requests after /readyz has turned: what balances load must notice first.
    drain_notice_s: NonNegativeFloat = 0.0
    # Several instances behind one port share it by SO_REUSEPORT; each then wants a port of its own for its figures.
    reuse_port: bool = False
    # Where the outbox goes beside the webhooks; auto: Redis where redis_url is set, Kafka where kafka_servers is.
    event_streams: Literal["auto", "none"] = "auto"
    redis_stream_length_max: PositiveInt = 1_000_000
    kafka_servers: str = ""
    # A leader beats this often, and is deposed when it has been silent for so long.
    leader_beat_s: PositiveFloat = 1.0
    leader_stale_s: PositiveFloat = 8.0
    kafka_topic: str = Field(default="payproof-events", min_length=1)
    ops_port: int | None = Field(default=None, ge=0, le=65535)
    # Payments between admission and the end of their first channel call: calls at once, callers kept, all let in.
    calls_max: PositiveInt = 256
    waited_max: PositiveInt = 512
    admitted_max: PositiveInt = 65_536
    # A newcomer is turned away (429) who would wait longer than this for his answer; and, with an order, for the
    # channel to be called. Both are estimated from the lines as they move.
    answer_wait_s_max: PositiveFloat = 3.0
    opening_wait_s_max: PositiveFloat = 120.0
    # Widens as hope fades: a day after its creation an order is asked about four times a day. Where a vendor says when
    # to ask about what nobody knows, its own ladder goes first, unless this one is given.
    poll_ladder_s: tuple[PositiveFloat, ...] = Field(
        default=(5, 10, 20, 40, 80, 160, 320, 600, 1800, 3600, 10800, 21600), min_length=1
    )
    # A refund can be asked about ten seconds after it was made, says the vendor (Facts: alipay/refund-query).
    refund_confirm_after_s: PositiveFloat = 10
    webhook_retry_s: tuple[PositiveFloat, ...] = Field(default=(1, 2, 5, 10, 30, 60, 300, 900, 3600), min_length=1)
    # The router's choice and the circuits: `{"alipay": {"weight": 300, "regions": ["CN"], "fee_bp": 60}}`.
    routes: Mapping[str, RouteSetting] = {}
    route_fee_emphasis: NonNegativeInt = 20
    breaker_calls_min: PositiveInt = 20
    breaker_failure_percent: int = Field(default=50, ge=1, le=100)
    breaker_window_s: PositiveFloat = 60.0
    breaker_open_s: PositiveFloat = 20.0
    # The Beijing time of day at which bills are compared, such as 10:30; empty leaves it to the API.
    reconcile_at: Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")] = ""
    reconcile_days: int = Field(default=3, ge=1, le=31)
    crash_point: str = ""

    @model_validator(mode="before")
    @classmethod
    def _no_strangers(cls, values: Any) -> Any:
        known = {f"{PREFIX}{name.upper()}" for name in cls.model_fields}
        for name in sorted(os.environ):
            if name.upper().startswith(PREFIX) and name.upper() not in known:
                near = difflib.get_close_matches(name.upper(), sorted(known), n=1, cutoff=0.0)[0]
                raise ValueError(f"the environment variable {name} is unknown; did you mean {near}?")
        return values

    @model_validator(mode="after")
    def _channels_whole(self) -> Self:
        for url, names in CHANNEL_SETTINGS.items():
            if getattr(self, url):
                missing = [name for name in names if not getattr(self, name)]
                if missing:
                    told = ", ".join(f"{PREFIX}{name.upper()}" for name in missing)
                    raise ValueError(f"{url} is given, so these are needed too: {told}")
        return self

    @model_validator(mode="after")
    def _leases_outlast_the_work(self) -> Self:
        if self.lease_s <= max(self.channel_timeout_s, self.webhook_timeout_s):
            raise ValueError("lease_s must be longer than channel_timeout_s and webhook_timeout_s")
        crash_point_from(self.crash_point)
        return self
