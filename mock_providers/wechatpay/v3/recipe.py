"""
How a request, an answer or a notify becomes the bytes that API v3 signs, line by line, so that one can be done wrong.

A suspicion replaces lines of the right recipe. Which one is true is not known here: the doctor asks the signature.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mock_providers.core.signatures.doctor import Causes
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable
from mock_providers.wechatpay.v3.door import Credentials, read_authorization
from mock_providers.wechatpay.v3.wire import Request

CAUSES = Causes(Path(__file__).with_name("causes.toml"))


@dataclass(frozen=True, slots=True)
class Received:
    """
    A message as it came.

    Args:
        platforms: the platform signed it: an answer or a notify.
    """

    request: Request
    platforms: bool
    said: Credentials

    @classmethod
    def of(cls, raw: RawRequest) -> "Received":
        """
        Raises:
            Undiagnosable: there is no signature of this kind in it.

        Facts: wechatpay/authorization, wechatpay/answer-headers
        """
        request = Request.of(raw)
        signature = request.header("wechatpay-signature")
        if signature:
            stamp, nonce = request.header("wechatpay-timestamp"), request.header("wechatpay-nonce")
            return cls(request, True, Credentials("", nonce, signature, stamp, request.header("wechatpay-serial")))
        authorization = request.header("authorization")
        said = read_authorization(authorization)
        if said is None and authorization.startswith("WECHATPAY2"):
            raise Undiagnosable(
                "this Authorization cannot be read: after WECHATPAY2-SHA256-RSA2048 and one blank come mchid, "
                'nonce_str, signature, timestamp and serial_no, each as name="value", with commas between them'
            )
        if said is None:
            raise Undiagnosable("there is neither an Authorization of WECHATPAY2 nor a Wechatpay-Signature in it")
        return cls(request, False, said)


def _lines(values: Mapping[str, bytes]) -> bytes:
    """Each line with its line feed, the last one too."""
    return b"".join(value + b"\n" for value in values.values())


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    From a message to the bytes that are signed; as it stands, the right one.

    Facts: wechatpay/request-sign, wechatpay/answer-sign
    """

    values: Mapping[str, bytes]
    join: Callable[[Mapping[str, bytes]], bytes] = _lines

    def cooked(self) -> bytes:
        """The bytes."""
        return self.join(self.values)


def right_recipe(received: Received) -> Recipe:
    """
    What WeChat Pay does.

    Facts: wechatpay/request-sign, wechatpay/answer-sign
    """
    request, said = received.request, received.said
    stamp = {"timestamp": said.timestamp.encode(), "nonce": said.nonce.encode("utf-8", "replace")}
    if received.platforms:
        return Recipe({**stamp, "body": request.body})
    target = request.target.encode("utf-8", "surrogateescape")
    return Recipe({"method": request.method.encode(), "target": target, **stamp, "body": request.body})


@dataclass(frozen=True, slots=True)
class Suspicion:
    """
    One thing done wrong.

    Args:
        cause: its name in causes.toml.
        lines: what stands in the place of single lines.
        join: how the lines were put together, None for the right way.
        usual: common enough to be suspected together with another one.
    """

    cause: str
    lines: Mapping[str, bytes] = field(default_factory=dict)
    join: Callable[[Mapping[str, bytes]], bytes] | None = None
    usual: bool = False

    @property
    def told(self) -> Mapping[str, str] | None:
        """Its sentences have no places to fill."""
        return None

    @property
    def touches(self) -> frozenset[str]:
        """What it changes, so that two suspicions do not undo each other."""
        return frozenset({*self.lines, *(("join",) if self.join else ())})

    def applied(self, recipe: Recipe) -> Recipe:
        """The recipe, gone wrong in this way."""
        values = {name: self.lines.get(name, value) for name, value in recipe.values.items()}
        return replace(recipe, values=values, join=self.join or recipe.join)
