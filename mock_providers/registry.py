"""Every provider there is, by name; a new one is a folder and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from mock_providers.alipay import PROVIDER as ALIPAY
from mock_providers.core.provider import ProviderFactory

_ALL: tuple[ProviderFactory, ...] = (ALIPAY,)

PROVIDERS: Mapping[str, ProviderFactory] = MappingProxyType({provider.name: provider for provider in _ALL})
