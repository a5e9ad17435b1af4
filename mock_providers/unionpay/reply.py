"""
From an answer to the bytes that go out: what a fault makes of the result, the echoes, the signature, the page.

Facts: unionpay/answer, unionpay/echoes
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from mock_providers.core.books.book import CASHIER_PATH, cashier_token
from mock_providers.core.plans import UNNAMED_FEN, AnswerShape, Seal
from mock_providers.core.wire.reply import WireReply
from mock_providers.unionpay import pages
from mock_providers.unionpay.codes import OK, SUCCESS, Result, result
from mock_providers.unionpay.keys import Keys, downgraded
from mock_providers.unionpay.policy import Policy
from mock_providers.unionpay.sealing import sealed
from mock_providers.unionpay.signing import METHODS, NEW_VERSION, OLD_VERSIONS, RSA
from mock_providers.unionpay.wire import answer, echoable, reads_back
from mock_providers.unionpay.work import Answer, Refused, Work

# Facts: unionpay/echoes. Only what stands here comes back, and reqReserved, whatever it holds.
_ECHOES = (
    "accessType",
    "bizType",
    "encoding",
    "merId",
    "orderId",
    "signMethod",
    "txnSubType",
    "txnTime",
    "txnType",
    "version",
)
_REFUND, FLAWED = "04", result("A6")
_NUMBERS = ("orderId", "queryId")
_AMOUNTS = ("txnAmt", "settleAmt")
_ECHO_MAX = 128
# What faults ask for in words of no vendor's. Facts: unionpay/resp-codes
_WORDS: Mapping[str, str] = MappingProxyType({"system_error": "03", "busy": "06", "in_process": "05"})
# A transaction that was answered so and not done is one that failed on the way.
_FAILED_LATER = frozenset({"03", "04", "05", "83"})
# Codes that speak of a transaction, where a query is answered with one; the others speak of the query itself.
_OF_TRANSACTION = frozenset({"01", "03", "04", "05", "30", "33", "38", "42", "A6"}) | {
    str(one) for one in range(60, 90)
}
_ACCEPTED_FIRST = frozenset({"03", "04", "31", "32", "33"})

Transaction = Callable[[Work], Answer]


def reply_to(chosen: Transaction, work: Work, shape: AnswerShape, *, policy: Policy) -> Answer:
    """
    Do a transaction and answer, in the shape that a fault asks for.

    Facts: unionpay/resp-codes, unionpay/back-type
    """
    code = _WORDS.get(shape.refuse, shape.refuse)
    if not code:
        if shape.flawed and work.kind[0] == "00":
            return _told_as(_done(chosen, work), FLAWED)
        fails = shape.refund_fails and not shape.stuck_s and work.kind[0] == _REFUND
        return _done(chosen, replace(work, ending="01") if fails else work)
    if work.kind[0] == "00":
        return _query_refused(chosen, work, code)
    if shape.work or code in SUCCESS:
        done = _done(chosen, replace(work, ending=code if code in SUCCESS else ""))
        return (
            replace(done, result=result(code), fields=done.fields if code in SUCCESS else {})
            if done.result.good
            else done
        )
    if code in _FAILED_LATER and policy.undone == "failed" and is_accepted_first(work):
        _done(chosen, replace(work, ending="01"))
    return Answer(result(code))


def astray(answer: Answer, which: str, asked: Mapping[str, str]) -> Answer:
    """
    The answer with another's numbers or amounts in it, signed like any other.

    Args:
        which: "order", "amount", or "" for the answer as it is.
    """
    if not which:
        return answer
    fields = {**answer.fields, **_gone_well(answer.fields)}
    if which == "order":
        said = {**asked, **fields}
        found = {name: said[name] for name in _NUMBERS if said.get(name)}
        other = {name: number[:-1] + ("0" if number[-1] != "0" else "1") for name, number in found.items()}
    else:
        other = {name: str(int(fields[name]) + UNNAMED_FEN) for name in _AMOUNTS if fields.get(name)}
    return replace(answer, fields={**fields, **other})


def _gone_well(fields: Mapping[str, str]) -> dict[str, str]:
    """What the answer to a query says of a refund that has arrived."""
    about_refund = fields.get("txnType") == _REFUND and "origRespCode" in fields
    return {"origRespCode": OK.code, "origRespMsg": OK.text} if about_refund else {}


def is_accepted_first(work: Work) -> bool:
    """
    Whether a transaction is accepted at once and ends afterwards.

    Facts: unionpay/back-type
    """
    kind, sub = work.kind
    without_redirect = kind == "01" and (sub == "06" or (sub == "01" and work.get("bizType") in {"000301", "000902"}))
    return kind in _ACCEPTED_FIRST or without_redirect or (kind, sub) == ("02", "04")


def _told_as(done: Answer, said: Result) -> Answer:
    """A transaction that went well, told with another code for the same."""
    if done.fields.get("origRespCode") != OK.code:
        return done
    return replace(done, fields={**done.fields, "origRespCode": said.code, "origRespMsg": said.text})


def _query_refused(chosen: Transaction, work: Work, code: str) -> Answer:
    if code not in _OF_TRANSACTION:
        return Answer(result(code))
    done = _done(chosen, work)
    if not done.result.good:
        return done
    said = result(code)
    return replace(done, fields={**done.fields, "origRespCode": said.code, "origRespMsg": said.text})


def _done(chosen: Transaction, work: Work) -> Answer:
    try:
        return chosen(work)
    except Refused as refused:
        return Answer(refused.result)


def _echoed(asked: Mapping[str, str]) -> dict[str, str]:
    """
    What comes back as it was sent, as far as it can stand in an answer.

    Facts: unionpay/echoes
    """
    echoes = {name: asked[name] for name in _ECHOES if name in asked}
    together = "".join(echoes.values())
    if len(together) <= _ECHO_MAX and echoable(together):
        return echoes  # and so is each of them
    return {name: value for name, value in echoes.items() if len(value) <= _ECHO_MAX and echoable(value)}


@dataclass(frozen=True, slots=True)
class Reply:
    """Writes answers."""

    keys: Keys
    secure_key: str

    def message(self, said: Answer, asked: Mapping[str, str], *, codec: str, seal: Seal = Seal.TRUE) -> WireReply:
        """
        A signed line; what was asked with an unknown version or method is signed as by the newest with certificates.

        Facts: unionpay/answer, unionpay/empty-values
        """
        fields = self._fields(said, asked)
        version, method = fields.get("version", ""), fields.get("signMethod", "")
        known = method in METHODS and (version == NEW_VERSION or version in OLD_VERSIONS)
        if not known:
            version, method = NEW_VERSION, RSA
        elif seal is Seal.WEAKER:
            fields["signMethod"], seal = downgraded(method, seal)
            method = fields["signMethod"]
        sealer = self.keys.sealer(method, version, secure_key=self.secure_key, seal=seal)
        done = sealed(fields, sealer, codec=codec)
        return answer(done.line, done.tail, codec=codec, text=done.text)

    @staticmethod
    def _fields(said: Answer, asked: Mapping[str, str]) -> dict[str, str]:
        fields = _echoed(asked)
        fields["respCode"], fields["respMsg"] = said.result.code, said.result.text
        fields |= {"reqReserved": asked.get("reqReserved", ""), **said.fields}
        if not reads_back(fields["reqReserved"]):
            fields["reqReserved"] = ""
        return {name: value for name, value in fields.items() if value}

    @staticmethod
    def for_browser(said: Answer, *, base_url: str) -> WireReply:
        """
        The whole address of the cashier, for a server that asked for it hands it on; or a page that says why not.

        Facts: unionpay/front
        """
        if said.entered is None:
            return pages.refused_page(said.result.text)
        return pages.redirect(base_url + CASHIER_PATH + cashier_token(said.entered))
