// alipay-sdk for Node, Alipay's own, against the simulator: what it is told, and whether it believes it.
// v2 answers are checked with validateSign; without it this SDK believes everything.
//
// /// sdk
// package = "alipay-sdk"
// provider = "alipay"
//
// [steps]
// exec_precreate_pay_refund = ["AlipaySdk.exec", "AlipaySdk.checkNotifySignV2"]
//
// [out_of_scope]
// "*" = "driven below"
// ///

import assert from "node:assert/strict";

import { publicOf } from "./world.mjs";

const SUBJECT = "打赏 & 玫瑰 +1 {x pp000001";

export function publicMethods(world) {
  return publicOf(world.require("alipay-sdk").AlipaySdk, "AlipaySdk");
}

function shop(world, more = {}) {
  const { AlipaySdk } = world.require("alipay-sdk");
  const sdk = new AlipaySdk({
    appId: world.text("alipay/app_id"),
    privateKey: world.text("alipay/app_private_key.pkcs1.pem"),
    alipayPublicKey: world.text("alipay/alipay_public_key.pem"),
    gateway: `${world.url("alipay")}/gateway.do`,
    endpoint: world.url("alipay"),
    ...more,
  });
  return world.watch(sdk, "AlipaySdk");
}

const exec = (sdk, method, bizContent, more = {}) =>
  sdk.exec(method, { bizContent, ...more }, { validateSign: true });

export async function exec_precreate_pay_refund(world) {
  for (const signType of ["RSA2", "RSA"]) {
    const sdk = shop(world, { signType });
    const out_trade_no = `npm${signType}`;
    const notifyUrl = `${world.notifyUrl("alipay", out_trade_no)}?shop=1`;
    const made = await exec(sdk, "alipay.trade.precreate", { out_trade_no, total_amount: "1.23", subject: SUBJECT }, { notifyUrl });
    assert.equal(made.code, "10000");
    assert.ok(made.qrCode.startsWith("https://qr.alipay.com/bax"));
    const unscanned = await exec(sdk, "alipay.trade.query", { out_trade_no });
    assert.equal(unscanned.subCode, "ACQ.TRADE_NOT_EXIST");

    await world.buyer("alipay", out_trade_no);
    const paid = await exec(sdk, "alipay.trade.query", { out_trade_no });
    assert.deepEqual([paid.tradeStatus, paid.totalAmount], ["TRADE_SUCCESS", "1.23"]);
    const { form } = await world.notify("alipay", out_trade_no);
    assert.equal(form.subject, SUBJECT);
    assert.equal(sdk.checkNotifySignV2({ ...form }), true);
    assert.equal(sdk.checkNotifySignV2({ ...form, total_amount: "9.99" }), false);

    const part = { out_trade_no, refund_amount: "0.23", out_request_no: "r1" };
    for (const fundChange of ["Y", "N"]) {
      const back = await exec(sdk, "alipay.trade.refund", part);
      assert.deepEqual([back.fundChange, back.refundFee], [fundChange, "0.23"]);
    }
    const known = await exec(sdk, "alipay.trade.fastpay.refund.query", { out_trade_no, out_request_no: "r1" });
    assert.equal(known.refundStatus, "REFUND_SUCCESS");
  }
}
