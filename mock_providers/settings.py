"""
The simulator's settings: flags over `PAYPROOF_PROVIDERS_*` variables over defaults, frozen, strangers refused.

The only module of this room that reads the environment.
"""

import os
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from mock_providers.core.notifies.notifier import DONE_KEPT
from mock_providers.core.shelves.shelf import KEPT as TRADES_KEPT
from mock_providers.core.wire.hosts import is_loopback
from mock_providers.core.wire.journal import KEPT, KEPT_BYTES
from mock_providers.errors import ConfigurationRefused, closest
from mock_providers.faults.desk import ATTEMPTS_KEPT

PREFIX = "PAYPROOF_PROVIDERS_"


class ProvidersSettings(BaseSettings):
    """
    Args:
        host: where the providers listen.
        alipay_port: 0 takes a free one.
        tls_port: for clients that insist on the vendors' hosts; none by default, 0 takes a free one.
        proxy_port: the same for a CONNECT proxy.
        vendor_ports: with a tls_port, ports 80 and 443 are opened as well where the system allows it.
        snippets: write, among the credentials, how each SDK is pointed here.
        control_host: where the control API listens; another address than loopback demands a token.
        control_token: sent by clients as `Authorization: Bearer`; empty means none is asked for.
        credentials_dir: keys and numbers; made at the first start, reused afterwards.
        workers: processes that share the ports; each serves merchants of its own.
        merchants: how many; as many as workers by default. The first one's keys are the credentials folder's own, the
            others' lie in its folders merchants/2, merchants/3, …
        seed: what fault decisions and invented numbers hang on.
        faults_file: a profile, or the plan of an earlier run; without one nothing goes wrong.
        plan_file: where the faults that strike are written down, to strike again without the seed.
        label_fields: the request field that carries the harness's label, by provider.
        journal_file: NDJSON of every exchange; memory holds the latest either way.
        journal_kept: so many exchanges are kept in memory, for each worker, ...
        journal_kept_mib: ... and no more than take about so many MiB.
        trades_kept: so many orders are kept in memory, for each worker, the latest that somebody asked for; all others
            lie on disk, in a file of the temporary directory that nobody else can open and that ends with the process.
        notifies_kept: so many notifies that were delivered are kept in memory, for each worker.
        decisions_kept: and the decisions of the fault rules on so many attempts.
        schedule_rate: schedule seconds for one real second.
        buyers_pay_after_s: every order is paid by itself, so long after its opening in schedule time; None leaves that
            to buyers' hands.
        notify_keep_alive_s: deliveries share connections that were used within so many seconds; 0 takes a new one for
            each.
        alipay_…: the switches that `alipay/policy.py` explains.
        alipay_v3_waiting_status: OpenAPI v3's HTTP status for a payment that waits for its buyer, which no page tells.
        wechatpay_port: 0 takes a free one.
        wechatpay_…: the switches that `wechatpay/policy.py` explains.
        unionpay_port: 0 takes a free one.
        unionpay_…: the switches that `unionpay/policy.py` explains.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        cli_prog_name="python -m mock_providers",
        cli_kebab_case=True,
        cli_implicit_flags=True,
    )

    host: str = "127.0.0.1"
    alipay_port: int = Field(default=0, ge=0, le=65535)
    tls_port: int | None = Field(default=None, ge=0, le=65535)
    proxy_port: int | None = Field(default=None, ge=0, le=65535)
    vendor_ports: bool = True
    snippets: bool = False
    control_host: str = "127.0.0.1"
    control_port: int = Field(default=0, ge=0, le=65535)
    control_token: str = Field(default="", repr=False)
    credentials_dir: Path
    workers: int = Field(default=1, ge=1, le=64)
    merchants: int | None = Field(default=None, ge=1, le=1000)
    seed: int = 0
    faults_file: Path | None = None
    plan_file: Path | None = None
    label_fields: dict[str, str] = Field(default_factory=lambda: {"alipay": "subject", "wechatpay": "description"})
    journal_file: Path | None = None
    journal_kept: int = Field(default=KEPT, ge=1)
    journal_kept_mib: int = Field(default=KEPT_BYTES // 2**20, ge=1)
    trades_kept: int = Field(default=TRADES_KEPT, ge=1)
    notifies_kept: int = Field(default=DONE_KEPT, ge=1)
    decisions_kept: int = Field(default=ATTEMPTS_KEPT, ge=1)
    schedule_rate: float = Field(default=1.0, ge=0)
    buyers_pay_after_s: float | None = Field(default=None, ge=0)
    notify_keep_alive_s: float = Field(default=0.0, ge=0, le=60)
    alipay_notify_events: frozenset[str] = frozenset({"payment", "refund"})
    alipay_notify_content_type: Literal["malformed", "clean"] = "malformed"
    alipay_notify_resends_at_once: int = Field(default=0, ge=0, le=3)
    alipay_ack_may_have_blanks: bool = False
    alipay_password_above_fen: int = Field(default=100_000, ge=0)
    alipay_refundable_days: int = Field(default=365, ge=0)
    alipay_refunds_whole_only: bool = False
    alipay_refund_spacing_s: float = Field(default=0.0, ge=0)
    alipay_refund_settles_s: float = Field(default=0.0, ge=0)
    alipay_cancel_window_s: float = Field(default=86_400.0, ge=0)
    alipay_products_not_signed: frozenset[Literal["qr", "page", "wap", "app", "jsapi", "barcode", "payout"]] = (
        frozenset()
    )
    alipay_receipt_max_fen: int | None = Field(default=None, ge=1)
    alipay_needs_buyer_ip: bool = False
    alipay_balance_fen: int | None = Field(default=None, ge=0)
    alipay_fee_basis_points: int = Field(default=0, ge=0, le=10_000)
    alipay_forbidden_words: frozenset[str] = frozenset({"违禁词"})
    alipay_bill_empty_file: bool = False
    alipay_certificate_only: bool = False
    alipay_certificate_rotates_after_s: float | None = Field(default=None, ge=0)
    alipay_payout_needs_certificate: bool = True
    alipay_payout_needs_scene: bool = False
    alipay_payout_settles_s: float = Field(default=0.0, ge=0)
    alipay_app_gateway_url: str = ""
    alipay_v3_waiting_status: Literal[200, 202] = 200
    wechatpay_port: int = Field(default=0, ge=0, le=65535)
    wechatpay_platform: Literal["certificate", "public_key", "switching"] = "certificate"
    wechatpay_switching_share: float = Field(default=0.5, ge=0, le=1)
    wechatpay_rotate_after_s: float | None = Field(default=None, ge=0)
    wechatpay_rotation_overlap_s: float = Field(default=0.0, ge=0)
    wechatpay_spelling: Literal["current", "old"] = "current"
    wechatpay_duplicate_number: Literal["documented", "field"] = "documented"
    wechatpay_unknown_close: Literal["accepted", "refused"] = "accepted"
    wechatpay_refund_settle_s: float = Field(default=3.0, ge=0)
    wechatpay_refund_ending: Literal["success", "abnormal", "closed"] = "success"
    wechatpay_refund_notify_url: str = ""
    wechatpay_refund_closed_is_success: bool = False
    wechatpay_pipe: Literal["wire", "either"] = "wire"
    wechatpay_download_base_url: str = "https://api.mch.weixin.qq.com"
    wechatpay_h5_base_url: str = "https://wx.tenpay.com"
    wechatpay_bill_link_s: float = Field(default=300.0, gt=0)
    wechatpay_expiry_days_max: int = Field(default=15, ge=1)
    wechatpay_password_s: float = Field(default=10.0, ge=0)
    wechatpay_transfer_confirm_s: float | None = Field(default=3.0, ge=0)
    wechatpay_negative_tests: bool = True
    wechatpay_client_certificate: Literal["over_tls", "always", "never"] = "over_tls"
    unionpay_port: int = Field(default=0, ge=0, le=65535)
    unionpay_day_ends: time = time(23)
    unionpay_file_ready: time = time(9)
    unionpay_file_day_empty: bool = False
    unionpay_fee_basis_points: int = Field(default=60, ge=0, le=10_000)
    unionpay_order_reuse: Literal["day", "triple"] = "day"
    unionpay_refund_days: int = Field(default=330, ge=0)
    unionpay_preauth_days: int = Field(default=30, ge=0)
    unionpay_settles_s: float = Field(default=0.0, ge=0)
    unionpay_settles_as: str = Field(default="00", pattern="^[0-9A-Z]{2}$")
    unionpay_undone: Literal["failed", "absent"] = "failed"
    unionpay_late_payment: Literal["00", "42"] = "00"
    unionpay_failure_notices: bool = True
    unionpay_retry_waits: Literal["newer", "older"] = "newer"
    unionpay_ack_302: bool = False
    unionpay_card_number: Literal["masked", "encrypted", "absent"] = "masked"
    unionpay_leaf: Literal[
        "current", "next", "expired", "not_yet_valid", "wrong_cn", "self_signed", "foreign_chain"
    ] = "current"
    unionpay_encryption: Literal["current", "rotated", "retired"] = "current"
    unionpay_query_max: int = Field(default=0, ge=0)
    unionpay_unknown_fields: Literal["accept", "refuse"] = "accept"


def switches_of(settings: ProvidersSettings, provider: str) -> Mapping[str, Any]:
    """The settings that are one provider's own, by the rest of their names; its port is not one of them."""
    prefix = f"{provider}_"
    return {
        name.removeprefix(prefix): getattr(settings, name)
        for name in type(settings).model_fields
        if name.startswith(prefix) and name != f"{prefix}port"
    }


def refuse_strangers(environment: Mapping[str, str] = os.environ) -> None:
    """
    A misspelt variable would be ignored silently otherwise.

    Raises:
        ConfigurationRefused: for the first variable of our prefix that is no setting.
    """
    known = tuple(f"{PREFIX}{name.upper()}" for name in ProvidersSettings.model_fields)
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise ConfigurationRefused(f"unknown variable {name}.{closest(name.upper(), known)}")


def refuse_open_control(settings: ProvidersSettings) -> None:
    """
    The control API moves money in the book, so strangers must not reach it.

    Raises:
        ConfigurationRefused: it would listen beyond loopback without a token.
    """
    if not settings.control_token and not is_loopback(settings.control_host):
        raise ConfigurationRefused(
            f"the control API on {settings.control_host} needs a token: "
            f"set {PREFIX}CONTROL_TOKEN, or leave {PREFIX}CONTROL_HOST at 127.0.0.1"
        )


def refuse_idle_workers(settings: ProvidersSettings) -> None:
    """
    A worker serves merchants of its own, so one without any would only take up room.

    Raises:
        ConfigurationRefused: there are fewer merchants than workers.
    """
    if settings.merchants is not None and settings.merchants < settings.workers:
        raise ConfigurationRefused(
            f"{settings.workers} workers have only {settings.merchants} merchants to serve: "
            "ask for at least as many merchants, or for fewer workers"
        )
