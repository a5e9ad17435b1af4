"""The words of the room's page, in both of its languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORDS: Mapping[str, Mapping[str, Any]] = {
    "zh": {
        "by": "主播",
        "stage": "直播画面",
        "tipped": "打赏了",
        "none": "还没有人打赏",
        "amount": "金额",
        "channel": "支付方式",
        "tip": "打赏",
        "closed": "直播间已关闭",
        "scan": "请扫码支付",
        "preparing": "正在准备支付…",
        "back": "返回直播间",
        "wallet": "余额 ¥{balance}",
        "states": {
            "PENDING": "等待支付",
            "PAID": "已支付 ✓",
            "SHIPPED": "已支付 ✓",
            "COMPLETED": "已支付 ✓",
            "CANCELLED": "已取消",
            "CLOSED": "未支付 · 已关闭",
        },
        "failures": {"insufficient_balance": "余额不足", "expired": "已超时"},
        "channels": {
            "alipay": "支付宝",
            "alipay_v3": "支付宝 v3",
            "wechatpay_v3": "微信支付",
            "wechatpay_v2": "微信支付 v2",
            "unionpay_rsa": "云闪付",
            "unionpay_sm2": "云闪付 SM2",
        },
    },
    "en": {
        "by": "with",
        "stage": "the stream",
        "tipped": "tipped",
        "none": "no tips yet",
        "amount": "Amount",
        "channel": "Pay with",
        "tip": "Tip",
        "closed": "The room is closed",
        "scan": "Scan to pay",
        "preparing": "Preparing the payment…",
        "back": "Back to the room",
        "wallet": "Balance ¥{balance}",
        "states": {
            "PENDING": "Waiting for payment",
            "PAID": "Paid ✓",
            "SHIPPED": "Paid ✓",
            "COMPLETED": "Paid ✓",
            "CANCELLED": "Cancelled",
            "CLOSED": "Not paid, closed",
        },
        "failures": {"insufficient_balance": "The balance does not reach", "expired": "Out of time"},
        "channels": {
            "alipay": "Alipay",
            "alipay_v3": "Alipay v3",
            "wechatpay_v3": "WeChat Pay",
            "wechatpay_v2": "WeChat Pay v2",
            "unionpay_rsa": "UnionPay",
            "unionpay_sm2": "UnionPay SM2",
        },
    },
}


def language(accepted: str) -> str:
    """Choose by a browser's Accept-Language: Chinese if it is named, else English."""
    return "zh" if "zh" in accepted.lower() else "en"
