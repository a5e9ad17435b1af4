"""Alipay's gateway v2, from the platform's side."""

from mock_providers.alipay.provider import PROVIDER

__all__ = ["PROVIDER"]
