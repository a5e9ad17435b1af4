"""
Queries: how a transaction stands.

`respCode` is about the query, `origRespCode` about the transaction; whoever mixes them up books what was never paid.
"""

from datetime import timedelta

from mock_providers.unionpay import reading
from mock_providers.unionpay.codes import result
from mock_providers.unionpay.transactions import Found, find, find_by_query_id, told
from mock_providers.unionpay.work import Answer, Office, Refused, Work

_MINUTE = timedelta(minutes=1)
_OF_THE_QUERY = frozenset({"accessType", "bizType", "encoding", "signMethod", "version"})
_WHILE_OPEN = ("currencyCode", "orderId", "reqReserved", "txnAmt", "txnSubType", "txnTime", "txnType")


def query(office: Office, work: Work) -> Answer:
    """
    By orderId and txnTime, or by queryId.

    Facts: unionpay/query, unionpay/query-answers
    """
    if work.get("txnSubType") == "02":
        reading.needed(work.fields, "queryId")
        number = reading.query_id(work.fields, "queryId")
        found = find_by_query_id(office, work.mer_id, number)
    else:
        number = reading.order_id(work.fields)
        reading.moment(work.fields)
        found = find(office, work.mer_id, number, work.get("txnTime"))
    if _too_often(office, work, number):
        raise Refused(result("37"))
    if found is None:
        return Answer(result("34"))
    return Answer(fields=_state(office, found))


def _state(office: Office, found: Found) -> dict[str, str]:
    """Facts: unionpay/query-answers."""
    outcome = found.outcome
    said = {"origRespCode": outcome.code, "origRespMsg": outcome.text}
    # What the query itself says stays: its product, and everything that its own answer is verified by.
    fields = {name: value for name, value in told(office, found).items() if name not in _OF_THE_QUERY}
    if outcome.good or found.settled_at is not None:
        origin = found.details.get("origQryId", "")
        return {**fields, **said, "issuerIdentifyMode": "0", "origQryId": origin}
    return {name: fields[name] for name in _WHILE_OPEN if name in fields} | said | {"settleAmt": "0"}


def _too_often(office: Office, work: Work, number: str) -> bool:
    """Facts: unionpay/query-limit."""
    limit = office.policy.query_max
    if limit == 0:
        return False
    latest = office.queries.setdefault((work.mer_id, number), [])
    latest[:] = [at for at in latest if work.now - at < _MINUTE]
    latest.append(work.now)
    return len(latest) > limit
