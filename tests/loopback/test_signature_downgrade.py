"""
A signature in the platform's own hand, by a weaker method than was agreed: what it looks like for each vendor.
"""

import json

import pytest
from cryptography.exceptions import InvalidSignature

from tests.chaos.unionpay_kit import LADDER_S, Union, union
from tests.chaos.wechatpay_v2_kit import Shop
from tests.chaos.wechatpay_v2_kit import told as played
from tests.cross.unionpay_parsers import official_java
from tests.loopback.sandbox import Sandbox, fields, genuine
from tests.unit.mock_providers.unionpay_desk import Merchant
from tests.unit.mock_providers.wechatpay_v2_desk import digest, fields_of


def signed_by(box: Sandbox, text: bytes, signature: str) -> str:
    """
    Which of Alipay's two types the platform has used.
    """
    for sign_type in ("RSA2", "RSA"):
        try:
            box.merchant.verify(text, signature, sign_type=sign_type)
        except InvalidSignature:
            continue
        return sign_type
    return "nobody"


def notify_text(told: dict[str, str]) -> bytes:
    return "&".join(f"{name}={told[name]}" for name in sorted(told) if name not in {"sign", "sign_type"}).encode()


@pytest.mark.asyncio
@pytest.mark.parametrize(("agreed", "said", "hand"), [("RSA2", "RSA", "RSA"), ("RSA", "RSA", "nobody")])
async def test_alipay_tells_in_rsa_what_was_agreed_in_rsa2(box: Sandbox, agreed, said, hand):
    await box.rule("signature_downgrade", {"on": "notify", "first": 1})
    business = {"out_trade_no": "o1", "total_amount": "1.23", "subject": "tip pp000001"}
    params = box.merchant.signed("alipay.trade.precreate", business, notify_url=box.receiver.url, sign_type=agreed)
    async with box.session.post(box.simulator.alipay_url + "/gateway.do", data=params) as answer:
        assert (await answer.json(content_type=None))["alipay_trade_precreate_response"]["code"] == "10000"
    await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    await box.advance(90_000)
    weak, after = [fields(one) for one in await box.journal("out")]
    assert (weak["sign_type"], signed_by(box, notify_text(weak), weak["sign"])) == (said, hand)
    assert (after["sign_type"], signed_by(box, notify_text(after), after["sign"])) == (agreed, agreed)
    assert not genuine(box, (await box.journal("out"))[0])


@pytest.mark.asyncio
async def test_alipay_answers_in_rsa_what_was_asked_in_rsa2(box: Sandbox):
    await box.rule("signature_downgrade", {"on": "reply"})
    business = {"out_trade_no": "o1", "total_amount": "1.23", "subject": "tip pp000001"}
    params = box.merchant.signed("alipay.trade.precreate", business)
    async with box.session.post(box.simulator.alipay_url + "/gateway.do", data=params) as answer:
        body = await answer.read()
    told = json.loads(body)
    inner = body[body.index(b":") + 1 : body.index(b',"sign"')]
    assert told["alipay_trade_precreate_response"]["code"] == "10000"
    assert signed_by(box, inner, told["sign"]) == "RSA"


@pytest.mark.parametrize(("agreed", "hand"), [("HMAC-SHA256", "MD5"), ("MD5", "nobody")])
def test_wechat_pay_s_xml_is_signed_with_md5_for_hmac(credentials_dir, agreed, hand):
    async def story(shop: Shop) -> None:
        await shop.rule("signature_downgrade", {"on": "notify", "first": 1})
        await shop.order(sign_type=agreed)
        await shop.buyer()
        await shop.box.advance(LADDER_S)
        weak, after = await shop.sent()
        assert "sign_type" not in weak.fields
        assert weak.fields["sign"] == digest(weak.fields, shop.merchant.key) or hand == "nobody"
        assert weak.genuine is (hand != "nobody")
        assert after.fields.get("sign_type", "MD5") == agreed
        assert after.genuine
        await shop.box.control("DELETE", "/faults/rules/signature_downgrade")
        await shop.rule("signature_downgrade", {"on": "reply"})
        asked = {"out_trade_no": "order-1", "sign_type": agreed}
        answer = fields_of(await shop.raw("/pay/orderquery", asked))
        assert answer["trade_state"] == "SUCCESS"
        assert (answer["sign"] == digest(answer, shop.merchant.key)) is (hand == "MD5")

    played(credentials_dir, story)


@pytest.mark.asyncio
@pytest.mark.parametrize(("agreed", "said"), [("01", "11"), ("21", "12"), ("11", "11")])
async def test_unionpay_signs_with_the_key_what_was_agreed_with_certificates(credentials_dir, agreed, said):
    async with union(credentials_dir) as shop:
        await shop.struck_once("signature_downgrade")
        _, body = await shop.raw("back", shop.consumption(), method=agreed)
        await shop.box.advance(LADDER_S)
        weak, after = await shop.told()
        for told in (weak, official_java(body.decode())):
            assert (told["signMethod"], "signPubKeyCert" in told) == (said, False)
            assert shop.merchant.verified(told) is (agreed != said)
        assert after["signMethod"] == agreed
        assert shop.merchant.verified(after)


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", ["expired_certificate", "wrong_certificate_name", "foreign_chain"])
async def test_where_no_certificate_is_shown_a_stranger_signs(box: Sandbox, credentials_dir, fault):
    await box.rule(fault, {"on": "notify", "first": 1})
    await box.pay()
    await box.advance(90_000)
    assert [genuine(box, one) for one in await box.journal("out")] == [False, True]
    shop = Union(box, Merchant(credentials_dir))
    await shop.raw("back", shop.consumption(), method="11")
    await box.receiver.until(3)
    assert not shop.merchant.verified((await shop.told())[2])
