"""Every provider there is, by name, and every signature doctor; a new one is a folder and a line in each table here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from mock_providers.alipay import PROVIDER as ALIPAY
from mock_providers.alipay.doctor import doctor_for as alipay_doctor
from mock_providers.core.provider import ProviderFactory
from mock_providers.core.signatures.credentials import ensure
from mock_providers.core.signatures.doctor import SignatureDoctor
from mock_providers.unionpay import PROVIDER as UNIONPAY
from mock_providers.unionpay.doctor import doctor_for as unionpay_doctor
from mock_providers.wechatpay import PROVIDER as WECHATPAY
from mock_providers.wechatpay.v2.doctor import doctor_for as wechatpay_v2_doctor
from mock_providers.wechatpay.v3.doctor import doctor_for as wechatpay_v3_doctor

_ALL: tuple[ProviderFactory, ...] = (ALIPAY, WECHATPAY, UNIONPAY)

PROVIDERS: Mapping[str, ProviderFactory] = MappingProxyType({provider.name: provider for provider in _ALL})

# From a credentials folder, or none, and the text of a key that counts instead of the folder's, or none.
DOCTORS: Mapping[str, Callable[[Path | None, bytes | None], SignatureDoctor]] = MappingProxyType(
    {
        "alipay": alipay_doctor,
        "wechatpay_v3": wechatpay_v3_doctor,
        "wechatpay_v2": wechatpay_v2_doctor,
        "unionpay": unionpay_doctor,
    }
)


def make_credentials(directory: Path) -> Path:
    """
    Make what is missing of every provider's keys and numbers.

    Returns:
        The path of `credentials.json`.

    Raises:
        CredentialsRefused: the folder cannot be used.
    """
    return ensure(directory, _ALL)
