"""
Verified answers in the gateway's words: raise for what was not done, read amounts, sort what a query found.

Facts: unionpay/resp-codes, unionpay/query-answers
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from reference_gateway.channels.unionpay.codes import Meaning, meaning_of
from reference_gateway.channels.unionpay.merchant import CURRENCY
from reference_gateway.domain.money import Fen
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable

_FEN = re.compile(r"[0-9]{1,12}", re.ASCII)


class Found(StrEnum):
    """How a transaction stands that was asked about."""

    DONE = "done"
    OPEN = "open"
    FAILED = "failed"
    LATE = "late"
    MISSING = "missing"


def fen_of(text: str) -> Fen:
    """
    Read an amount: one to twelve digits of fen.

    Raises:
        ValueError: anything else.
    """
    if _FEN.fullmatch(text) is None:
        raise ValueError(f"not an amount in fen: {text!r}")
    return Fen(int(text))


def money_of(fields: Mapping[str, str]) -> Fen:
    """
    Read what was paid, in the one currency there is; where a settlement amount is told it is the same.

    Raises:
        ValueError: no amount, another currency, or two amounts that differ.

    Facts: unionpay/fields
    """
    amount_fen = fen_of(fields.get("txnAmt", ""))
    if fields.get("currencyCode", CURRENCY) != CURRENCY:
        raise ValueError(f"the currency is {fields['currencyCode']}")
    if "settleAmt" in fields and fields.get("settleCurrencyCode", CURRENCY) == CURRENCY:
        settled_fen = fen_of(fields["settleAmt"])
        if settled_fen != amount_fen:
            raise ValueError(f"txnAmt is {amount_fen} and settleAmt {settled_fen}")
    return amount_fen


def require_done(answer: Mapping[str, str]) -> None:
    """
    Pass what succeeded or was accepted.

    Raises:
        ChannelRefused: it was not done, and will not be.
        ChannelUnavailable: it was not done, and may be repeated.
        ChannelOutcomeUnknown: ask.
    """
    code = answer.get("respCode", "")
    match meaning_of(code):
        case Meaning.DONE:
            return
        case Meaning.REFUSED:
            raise ChannelRefused(f"the channel refused: {code} {answer.get('respMsg', '')}".strip(), code=code)
        case Meaning.LATER:
            raise ChannelUnavailable(f"the channel did not do it: {code}", code=code)
        case _:
            raise ChannelOutcomeUnknown(f"the channel does not know: {code!r}", code=code)


def is_repetition(answer: Mapping[str, str]) -> bool:
    """
    Tell whether the very same transaction came before, which says nothing of how it went.

    Facts: unionpay/duplicates
    """
    return meaning_of(answer.get("respCode", "")) is Meaning.TWICE


def found_by(answer: Mapping[str, str]) -> Found:
    """
    Sort a query's answer: respCode is about the query, origRespCode about what was asked for.

    Raises:
        ChannelUnavailable, ChannelRefused, ChannelOutcomeUnknown: the query itself went wrong.

    Facts: unionpay/query-answers
    """
    if meaning_of(answer.get("respCode", "")) is Meaning.MISSING:
        return Found.MISSING
    require_done(answer)
    return STANDINGS[meaning_of(answer.get("origRespCode", ""))]


STANDINGS: Mapping[Meaning, Found] = {
    Meaning.DONE: Found.DONE,
    Meaning.REFUSED: Found.FAILED,
    Meaning.LATER: Found.FAILED,
    Meaning.LATE: Found.LATE,
    # A transaction that is there cannot be a repetition or missing; whatever that means, it has not ended.
    Meaning.TWICE: Found.OPEN,
    Meaning.MISSING: Found.OPEN,
    Meaning.UNKNOWN: Found.OPEN,
}
"""What the code of a transaction says of it."""
