"""
A thousand mutated XML requests, and what is no mutation but an attack; the long hunt plays ten thousand.
"""

import sys
from collections import Counter

import pytest

from tests.unit.mock_providers.test_wechatpay_v2_xml import BOMB
from tests.unit.mock_providers.wechatpay_v2_desk import fields_of, post
from tests.unit.mock_providers.wechatpay_v2_mutations import judged, mutation

pytestmark = pytest.mark.asyncio
ATTACKS = {
    "billion laughs": BOMB,
    "external entity": b'<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><mch_id>&x;</mch_id></xml>',
    "external subset": b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd"><xml></xml>',
    "parameter entity": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]><xml></xml>',
    "deep nesting": b"<xml>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</xml>",
    "deep roots": b"<xml>" * 100_000,
    "many fields": b"<xml>" + b"".join(b"<a%d>1</a%d>" % (one, one) for one in range(20_000)) + b"</xml>",
    "many attributes": b"<xml " + b"".join(b'a%d="1" ' % one for one in range(20_000)) + b"></xml>",
    "open comments": b"<xml>" + b"<!--" * 100_000,
    "open sections": b"<xml><a>" + b"<![CDATA[" * 100_000,
    "ten megabytes": b"<xml><body>" + b"x" * 10_000_000 + b"</body></xml>",
    "ten megabytes of nothing": b" " * 10_000_000,
    "surrogates": b"<xml><a>\xed\xa0\x80</a></xml>",
    "null bytes": b"\0" * 1000,
}


async def test_a_thousand_mutations_are_answered_in_the_vendors_words(v2_desk, capsys):
    admitted = 0
    words: Counter[str] = Counter()
    for number in range(1000):
        made = mutation(v2_desk, number)
        verdict = judged(v2_desk, made)
        assert not verdict.problem, (made, verdict)
        admitted += verdict.admitted
        words[verdict.word] += 1
    with capsys.disabled():
        sys.stdout.write(
            f"\n1000 mutated XML requests: {admitted / 10:.1f} % passed the signature check, {len(words)} different ends\n"
        )
    assert admitted >= 450
    assert len(words) >= 12


@pytest.mark.parametrize("name", sorted(ATTACKS))
async def test_an_attack_ends_in_a_failure_and_quickly(v2_desk, name):
    call = v2_desk.provider.read(post("/pay/unifiedorder", ATTACKS[name]))
    reply = call.perform()
    fields = fields_of(reply.body)
    assert (reply.status, fields["return_code"], set(fields)) == (200, "FAIL", {"return_code", "return_msg"})
    assert len(reply.body) < 300
    assert not call.faultable


async def test_an_attack_that_is_signed_is_a_value_like_any_other(v2_desk):
    answer = v2_desk.order(attach="&x; <!DOCTYPE>]]> ${jndi:ldap://x}")
    assert answer["result_code"] == "SUCCESS"
    assert v2_desk.query()["attach"] == "&x; <!DOCTYPE>]]> ${jndi:ldap://x}"
