"""
UnionPay's part of the credentials folder: two chains of certificates, one merchant's keys, and the platform's own.

The merchant's files carry the names of the vendor's test pack. Everything that a bad platform would sign with is made
here too, so that forging needs no certificate at run time.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from mock_providers.core.signatures import sm2
from mock_providers.core.signatures.credentials import CredentialMaker, pkcs8_pem
from mock_providers.unionpay.certificates import COMPANY, Issued, Key, Wanted, issue
from mock_providers.unionpay.keyfiles import PASSWORD, pfx, sm2_file, sm2_pem

# Long before any clock that a run may be given, long after it.
_SINCE = datetime(2025, 7, 1, tzinfo=UTC)
_UNTIL = datetime(2040, 1, 1, tzinfo=UTC)
_LEAF_CN = "041@8310000000083040@{company}@{number}"
_MERCHANT_CN = "041@Z2014-11-11@{merchant}:SIGN@{number}"
_ENCRYPTION_CN = "041@Z2014-11-11@00040000:SIGN@00000002"
# Printed in the vendor's demos, see unionpay/test-constants.
_TEST_KEY = "88888888"

# What the platform can answer with; see unionpay/chain-rules. Expired and not yet valid are so on every clock.
LEAVES = ("current", "next", "expired", "not_yet_valid", "wrong_cn", "self_signed", "foreign_chain")
_DATES = {
    "expired": (_SINCE - timedelta(days=2000), _SINCE - timedelta(days=1)),
    "not_yet_valid": (_UNTIL - timedelta(days=1), _UNTIL + timedelta(days=1000)),
}


def write_credentials(make: CredentialMaker) -> None:
    """
    Write everything, in every form that clients load.

    Facts: unionpay/key-files, unionpay/certificates
    """
    merchant = f"777{make.digits(12)}"
    make.note(mer_id=merchant, secure_key=_TEST_KEY, pfx_password=PASSWORD)
    _family(make, merchant, new_key=make.rsa, mark="")
    _family(make, merchant, new_key=sm2.generate, mark="sm2_")


def _family(make: CredentialMaker, merchant: str, *, new_key: Callable[[], Key], mark: str) -> None:
    """One chain with all its leaves; *mark* stands in the names of the second family's files."""
    serials = _Serials(make)
    root = _authority("root", serials, None, key=new_key(), mark=mark)
    middle = _authority("middle", serials, root, key=new_key(), mark=mark)
    make.write(f"acp_test_{mark}root.cer", root.pem)
    make.write(f"acp_test_{mark}middle.cer", middle.pem)
    _merchant_files(make, merchant, middle, serials=serials, new_key=new_key, mark=mark)
    _encryption_files(make, middle, serials=serials, new_key=new_key, mark=mark)
    _leaves(make, middle, serials=serials, new_key=new_key, mark=mark)


def _authority(word: str, serials: "_Serials", by: Issued | None, *, key: Key, mark: str) -> Issued:
    name = f"payproof test {word} {mark}".strip(" _")
    return issue(Wanted(name, serials.next(), _SINCE, _UNTIL, authority=True), key, by=by)


def _merchant_files(
    make: CredentialMaker, merchant: str, middle: Issued, *, serials: "_Serials", new_key: Callable[[], Key], mark: str
) -> None:
    good = Wanted(_MERCHANT_CN.format(merchant=merchant, number="00000001"), serials.next(), _SINCE, _UNTIL)
    own = issue(good, new_key(), by=middle)
    make.note(**{f"{mark}cert_id": str(good.serial)})
    make.write(f"acp_test_{mark}sign.cer", own.pem)
    make.write(f"acp_test_{mark}sign.key.pem", _private_pem(own.key))
    since, until = _DATES["expired"]
    old = issue(Wanted(good.common_name, serials.next(), since, until), own.key, by=middle)
    make.write(f"acp_test_{mark}sign_expired.cer", old.pem)
    if isinstance(own.key, sm2.PrivateKey):
        make.write("acp_test_sm2_sign.sm2", sm2_file(own))
        return
    make.write("acp_test_sign.pfx", pfx(own))
    make.write("acp_test_sign_expired.pfx", pfx(old))


def _encryption_files(
    make: CredentialMaker, middle: Issued, *, serials: "_Serials", new_key: Callable[[], Key], mark: str
) -> None:
    """The one in force, and the one that a key update brings after it."""
    for name in ("enc", "enc_next"):
        issued = issue(Wanted(_ENCRYPTION_CN, serials.next(), _SINCE, _UNTIL), new_key(), by=middle)
        if name == "enc":
            make.write(f"acp_test_{mark}enc.cer", issued.pem)
        make.write_platform(f"unionpay_{mark}{name}.cer", issued.pem)
        make.write_platform(f"unionpay_{mark}{name}_key.pem", _private_pem(issued.key))


def _leaves(
    make: CredentialMaker, middle: Issued, *, serials: "_Serials", new_key: Callable[[], Key], mark: str
) -> None:
    """Every certificate that an answer may bring, the good ones and the bad ones."""
    keys = {"current": new_key(), "next": new_key(), "forger": new_key()}
    foreign = _authority("foreign", serials, None, key=keys["forger"], mark=mark)
    for number, leaf in enumerate(LEAVES, 16495):
        since, until = _DATES.get(leaf, (_SINCE, _UNTIL))
        name = (
            _MERCHANT_CN.format(merchant="700000000000001", number="00000001")
            if leaf == "wrong_cn"
            else _LEAF_CN.format(company=COMPANY, number=f"{number:08d}")
        )
        forged = leaf in {"self_signed", "foreign_chain"}
        key = keys["forger"] if forged else keys.get(leaf, keys["current"])
        by = middle if not forged else (foreign if leaf == "foreign_chain" else None)
        issued = issue(Wanted(name, serials.next(), since, until), key, by=by)
        make.write_platform(f"unionpay_{mark}leaf_{leaf}.cer", issued.pem)
        if leaf == "current":
            make.write(f"acp_test_{mark}verify_sign.cer", issued.pem)
    for word, key in keys.items():
        make.write_platform(f"unionpay_{mark}{word}_key.pem", _private_pem(key))


def _private_pem(key: Key) -> str | bytes:
    return sm2_pem(key) if isinstance(key, sm2.PrivateKey) else pkcs8_pem(key)


class _Serials:
    """
    Serial numbers of five bytes, each once.

    Facts: unionpay/certificates
    """

    def __init__(self, make: CredentialMaker) -> None:
        self._next = 60_000_000_000 + int(make.digits(10)) * 3

    def next(self) -> int:
        self._next += 7
        return self._next
