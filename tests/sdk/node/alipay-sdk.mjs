// alipay-sdk for Node, Alipay's own, over gateway v2: what it is told, and whether it believes it.
// Answers are checked with validateSign; without it this SDK believes everything. OpenAPI v3 is in alipay-sdk-v3.mjs.
//
// /// sdk
// package = "alipay-sdk"
// provider = "alipay"
//
// [steps]
// precreate_pay_refund = [
//   "AlipaySdk.exec alipay.trade.precreate",
//   "AlipaySdk.exec alipay.trade.query",
//   "AlipaySdk.exec alipay.trade.refund",
//   "AlipaySdk.exec alipay.trade.fastpay.refund.query",
//   "AlipaySdk.checkNotifySignV2",
// ]
// barcode = [
//   "AlipaySdk.exec alipay.trade.pay",
// ]
// create_close_cancel = [
//   "AlipaySdk.exec alipay.trade.create",
//   "AlipaySdk.exec alipay.trade.close",
//   "AlipaySdk.exec alipay.trade.cancel",
// ]
// refund_applied_for = [
//   "AlipaySdk.exec alipay.trade.refund.apply",
// ]
// page_forms = [
//   "AlipaySdk.pageExecute alipay.trade.page.pay",
//   "AlipaySdk.pageExec alipay.trade.wap.pay",
//   "AlipaySdk.checkNotifySign",
// ]
// app_order = [
//   "AlipaySdk.sdkExecute alipay.trade.app.pay",
//   "AlipaySdk.sdkExec alipay.trade.app.pay",
// ]
// certificate_mode = [
//   "AlipaySdk.exec alipay.open.app.alipaycert.download",
//   "AlipaySdk.checkNotifySignV2",
// ]
// encrypted_content = [
//   "AlipaySdk.exec alipay.trade.precreate",
//   "AlipaySdk.aesDecrypt",
// ]
// transfers = [
//   "AlipaySdk.exec alipay.fund.trans.uni.transfer",
//   "AlipaySdk.exec alipay.fund.trans.common.query",
// ]
// oauth = [
//   "AlipaySdk.exec alipay.system.oauth.token",
//   "AlipaySdk.exec alipay.open.auth.token.app",
//   "AlipaySdk.exec alipay.open.auth.token.app.query",
// ]
// signature_tools = [
//   "AlipaySdk.checkResponseSign",
//   "AlipaySdk.getSignStr",
//   "AlipaySdk.rsaCheck",
//   "AlipaySdk.notifyRSACheck",
// ]
// bills = [
//   "AlipaySdk.exec alipay.data.dataservice.bill.downloadurl.query",
// ]
//
// [out_of_scope]
// "AlipaySdk.formatKey" = "its own formatting of keys; every client that the steps make goes through it"
// "AlipaySdk.formatUrl" = "its own splitting of parameters; every call goes through it"
// ///

import assert from "node:assert/strict";

import { publicOf } from "./world.mjs";

const SUBJECT = "打赏 & 玫瑰 +1 {x pp000001";
const BARCODE = "28763443825664394";

export function publicMethods(world) {
  return publicOf(world.require("alipay-sdk").AlipaySdk, "AlipaySdk");
}

const keys = (world) => ({
  appId: world.text("alipay/app_id"),
  privateKey: world.text("alipay/app_private_key.pkcs1.pem"),
  gateway: `${world.url("alipay")}/gateway.do`,
  endpoint: world.url("alipay"),
});

const CARRIERS = new Set(["exec", "pageExecute", "pageExec", "sdkExecute", "sdkExec"]);

const watched = (world, sdk) => world.watch(sdk, "AlipaySdk", (key, [method]) => (CARRIERS.has(key) ? method : ""));

function shop(world, more = {}) {
  const { AlipaySdk } = world.require("alipay-sdk");
  const alipayPublicKey = world.text("alipay/alipay_public_key.pem");
  return watched(world, new AlipaySdk({ ...keys(world), alipayPublicKey, ...more }));
}

function certified(world) {
  const { AlipaySdk } = world.require("alipay-sdk");
  const certificates = {
    appCertPath: world.path("alipay/appCertPublicKey.crt"),
    alipayPublicCertPath: world.path("alipay/alipayCertPublicKey_RSA2.crt"),
    alipayRootCertPath: world.path("alipay/alipayRootCert.crt"),
  };
  return watched(world, new AlipaySdk({ ...keys(world), ...certificates }));
}

const exec = (sdk, method, bizContent, more = {}) =>
  sdk.exec(method, { bizContent, ...more }, { validateSign: true });

const order = (out_trade_no, total_amount = "1.23") => ({ out_trade_no, total_amount, subject: SUBJECT });

export async function precreate_pay_refund(world) {
  for (const signType of ["RSA2", "RSA"]) {
    const sdk = shop(world, { signType });
    const out_trade_no = `npm${signType}`;
    const notifyUrl = `${world.notifyUrl("alipay", out_trade_no)}?shop=1`;
    const made = await exec(sdk, "alipay.trade.precreate", order(out_trade_no), { notifyUrl });
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
    const notice = await world.notify("alipay", out_trade_no);
    assert.equal(notice.form.out_biz_no, "r1");
    assert.equal(sdk.checkNotifySignV2({ ...notice.form }), true);
  }
}

export async function barcode(world) {
  const sdk = shop(world);
  const pay = (number, amount, auth_code) =>
    exec(sdk, "alipay.trade.pay", { ...order(number, amount), scene: "bar_code", auth_code });
  const paid = await pay("npmbar1", "1.23", BARCODE);
  assert.deepEqual([paid.code, paid.fundBillList[0].amount], ["10000", "1.23"]);
  assert.ok(paid.gmtPayment);

  const waiting = await pay("npmbar2", "5000.00", "28763443825664395");
  assert.deepEqual([waiting.code, waiting.gmtPayment], ["10003", undefined]);
  await world.buyer("alipay", "npmbar2");
  const settled = await exec(sdk, "alipay.trade.query", { out_trade_no: "npmbar2" });
  assert.equal(settled.tradeStatus, "TRADE_SUCCESS");

  const poor = await pay("npmbar3", "1.23", "28990001000000000");
  assert.equal(poor.subCode, "ACQ.BUYER_BALANCE_NOT_ENOUGH");
}

export async function create_close_cancel(world) {
  const sdk = shop(world);
  const create = (number) => exec(sdk, "alipay.trade.create", { ...order(number), buyer_id: "2088102146225135" });
  const made = await create("npmcreate1");
  assert.equal(made.code, "10000");
  const closed = await exec(sdk, "alipay.trade.close", { trade_no: made.tradeNo });
  assert.equal(closed.outTradeNo, "npmcreate1");
  const again = await create("npmcreate1");
  assert.equal(again.subCode, "ACQ.TRADE_HAS_CLOSE");

  await create("npmcreate2");
  await world.buyer("alipay", "npmcreate2");
  const cancelled = await exec(sdk, "alipay.trade.cancel", { out_trade_no: "npmcreate2" });
  assert.deepEqual([cancelled.action, cancelled.retryFlag], ["refund", "N"]);
  const unknown = await exec(sdk, "alipay.trade.cancel", { out_trade_no: "npmnever" });
  assert.deepEqual([unknown.code, unknown.action], ["10000", undefined]);
}

export async function refund_applied_for(world) {
  const sdk = shop(world);
  await exec(sdk, "alipay.trade.precreate", order("npmapply1"));
  await world.buyer("alipay", "npmapply1");
  const part = { out_trade_no: "npmapply1", refund_amount: "1.23", out_request_no: "r1" };
  assert.equal((await exec(sdk, "alipay.trade.refund.apply", part)).refundStatus, "REFUND_PROCESSING");
  await world.control("/clock/advance", { seconds: 60 });
  assert.equal((await exec(sdk, "alipay.trade.refund.apply", part)).refundStatus, "REFUND_SUCCESS");
}

/** What a browser does with a form: by hand, since `&not` and `&times` in it are no entities to a browser. */
function submitted(html) {
  const action = /action="([^"]*)"/.exec(html)[1];
  const inputs = [...html.matchAll(/name="([^"]*)" value="([^"]*)"/g)];
  const body = new URLSearchParams(inputs.map(([, name, value]) => [name, value.replaceAll("&quot;", '"')]));
  return fetch(action, { method: "POST", body, redirect: "manual" });
}

/** A buyer pays on the cashier's page; what the result page says is given back. */
async function pays(world, visit) {
  assert.equal(visit.status, 302, await visit.text());
  const cashier = new URL(visit.headers.get("location"), world.url("alipay"));
  const page = await (await fetch(cashier)).text();
  const [, key] = /name="key" value="([^"]*)"/.exec(page);
  return (await fetch(cashier, { method: "POST", body: new URLSearchParams({ key, action: "pay" }) })).text();
}

/** Where the result page sends the buyer, as parameters. */
function wayBack(html) {
  const link = /http:\/\/127\.0\.0\.1:9\/back[^"]*/.exec(html)[0].replaceAll("&amp;", "&");
  const { room, ...signed } = Object.fromEntries(new URL(link).searchParams);
  assert.equal(room, "1");
  return signed;
}

export async function page_forms(world) {
  const sdk = shop(world);
  const returnUrl = "http://127.0.0.1:9/back?room=1";
  const give = (number) => ({
    bizContent: { ...order(number), product_code: "FAST_INSTANT_TRADE_PAY" },
    returnUrl,
    notifyUrl: world.notifyUrl("alipay", number),
  });
  const ways = {
    npmpage1: (number) => fetch(sdk.pageExecute("alipay.trade.page.pay", "GET", give(number)), { redirect: "manual" }),
    npmpage2: (number) => submitted(sdk.pageExecute("alipay.trade.page.pay", "POST", give(number))),
    npmwap1: (number) => submitted(sdk.pageExec("alipay.trade.wap.pay", give(number))),
  };
  for (const [number, open] of Object.entries(ways)) {
    const back = wayBack(await pays(world, await open(number)));
    assert.equal(back.out_trade_no, number);
    assert.equal(sdk.checkNotifySign({ ...back }), true);
    assert.equal(sdk.checkNotifySign({ ...back, total_amount: "9.99" }), false);
    const { form } = await world.notify("alipay", number);
    assert.equal(form.out_trade_no, number);
    assert.equal(sdk.checkNotifySign({ ...form }), true);
  }
  const wrong = { ...give("npmpage3"), bizContent: { out_trade_no: "npmpage3" } };
  const page = await fetch(sdk.pageExecute("alipay.trade.page.pay", "GET", wrong), { redirect: "manual" });
  assert.deepEqual([page.status, page.headers.get("content-type")], [200, "text/html;charset=GBK"]);
}

export async function app_order(world) {
  const sdk = shop(world);
  for (const [number, make] of [["npmapp1", "sdkExecute"], ["npmapp2", "sdkExec"]]) {
    const bizContent = { ...order(number), product_code: "QUICK_MSECURITY_PAY" };
    const orderStr = sdk[make]("alipay.trade.app.pay", { bizContent, notifyUrl: world.notifyUrl("alipay", number) });
    // What the phone's app does with the text that it is given.
    await pays(world, await fetch(`${world.url("alipay")}/gateway.do?${orderStr}`, { redirect: "manual" }));
    assert.equal((await world.notify("alipay", number)).form.trade_status, "TRADE_SUCCESS");
  }
}

export async function certificate_mode(world) {
  const sdk = certified(world);
  const notifyUrl = world.notifyUrl("alipay", "npmcert1");
  const made = await exec(sdk, "alipay.trade.precreate", order("npmcert1"), { notifyUrl });
  assert.equal(made.code, "10000");
  await world.buyer("alipay", "npmcert1");
  const { form } = await world.notify("alipay", "npmcert1");
  assert.equal(sdk.checkNotifySignV2({ ...form }), true);
  const paid = await exec(sdk, "alipay.trade.query", { out_trade_no: "npmcert1" });
  assert.equal(paid.tradeStatus, "TRADE_SUCCESS");
  const asked = { alipay_cert_sn: world.text("alipay/alipay_cert_sn") };
  const { alipayCertContent } = await exec(sdk, "alipay.open.app.alipaycert.download", asked);
  assert.ok(Buffer.from(alipayCertContent, "base64").toString().startsWith("-----BEGIN CERTIFICATE-----"));
}

export async function encrypted_content(world) {
  const sdk = shop(world, { encryptKey: world.text("alipay/aes_key") });
  // With encrypted content this SDK cannot check the signature of an answer.
  const made = await sdk.exec("alipay.trade.precreate", { bizContent: order("npmaes1"), needEncrypt: true });
  assert.ok(made.qrCode.startsWith("https://qr.alipay.com/bax"));
  // What a method refuses is ciphertext as well.
  const refused = await sdk.exec("alipay.trade.query", { bizContent: { out_trade_no: "npmnever" }, needEncrypt: true });
  assert.equal(refused.subCode, "ACQ.TRADE_NOT_EXIST");
  const known = shop(world, { encryptKey: "MDEyMzQ1Njc4OWFiY2RlZg==" });
  assert.equal(known.aesDecrypt("hM7TQ18QF5bhZ+Favk3byWKgW/AzrcUOFrOu1/7m9fg="), '{"out_trade_no":"o1"}');
}

export async function signature_tools(world) {
  const sdk = shop(world);
  const params = sdk.sdkExecute("alipay.trade.query", { bizContent: { out_trade_no: "npmnever" } });
  const raw = await (await fetch(`${world.url("alipay")}/gateway.do?${params}`)).text();
  const { sign } = JSON.parse(raw);
  sdk.checkResponseSign(raw, "alipay_trade_query_response", sign, "trace");
  assert.throws(() => sdk.checkResponseSign(raw.replace("40004", "10000"), "alipay_trade_query_response", sign, "trace"));
  const signed = sdk.getSignStr(raw, "alipay_trade_query_response");
  assert.equal(sdk.rsaCheck(signed, sign), true);
  assert.equal(sdk.rsaCheck(`${signed} `, sign), false);

  await exec(sdk, "alipay.trade.precreate", order("npmtools1"), { notifyUrl: world.notifyUrl("alipay", "npmtools1") });
  await world.buyer("alipay", "npmtools1");
  const { sign: seal, sign_type, ...fields } = (await world.notify("alipay", "npmtools1")).form;
  assert.equal(sdk.notifyRSACheck(fields, seal, sign_type, true), true);
}

export async function transfers(world) {
  const sdk = certified(world);
  const transfer = (client, number, identity = "2088102146225135") =>
    exec(client, "alipay.fund.trans.uni.transfer", {
      out_biz_no: number,
      trans_amount: "1.23",
      product_code: "TRANS_ACCOUNT_NO_PWD",
      biz_scene: "DIRECT_TRANSFER",
      payee_info: { identity, identity_type: "ALIPAY_USER_ID" },
    });
  const paid = await transfer(sdk, "npmtransfer1");
  assert.deepEqual([paid.code, paid.status], ["10000", "SUCCESS"]);
  assert.equal((await transfer(sdk, "npmtransfer1")).orderId, paid.orderId);
  const asked = { out_biz_no: "npmtransfer1", product_code: "TRANS_ACCOUNT_NO_PWD", biz_scene: "DIRECT_TRANSFER" };
  const known = await exec(sdk, "alipay.fund.trans.common.query", asked);
  assert.deepEqual([known.status, known.transAmount], ["SUCCESS", "1.23"]);
  const unknown = await exec(sdk, "alipay.fund.trans.common.query", { ...asked, out_biz_no: "npmnever" });
  assert.equal(unknown.subCode, "ORDER_NOT_EXIST");
  assert.equal((await transfer(shop(world), "npmtransfer2")).subCode, "isv.missing-app-cert-sn");
}

/** What a browser brings back from a page where somebody says yes. */
export async function consent(world, page) {
  const query = new URLSearchParams({ app_id: world.text("alipay/app_id"), redirect_uri: "http://127.0.0.1:9/back" });
  const answer = await fetch(`${world.url("alipay")}/oauth2/${page}?${query}`, { redirect: "manual" });
  return new URL(answer.headers.get("location")).searchParams;
}

export async function oauth(world) {
  const sdk = shop(world);
  const code = (await consent(world, "publicAppAuthorize.htm")).get("auth_code");
  const checked = { validateSign: true };
  const granted = { grantType: "authorization_code", code };
  const user = await sdk.exec("alipay.system.oauth.token", granted, checked);
  assert.ok(user.accessToken && user.userId.startsWith("2088"));
  const renewed = { grantType: "refresh_token", refreshToken: user.refreshToken };
  assert.ok((await sdk.exec("alipay.system.oauth.token", renewed, checked)).accessToken);
  assert.equal((await sdk.exec("alipay.system.oauth.token", granted, checked)).subCode, "isv.code-invalid");

  const appCode = (await consent(world, "appToAppAuth.htm")).get("app_auth_code");
  const merchant = await exec(sdk, "alipay.open.auth.token.app", { grant_type: "authorization_code", code: appCode });
  const onBehalf = { appAuthToken: merchant.appAuthToken };
  const asked = await exec(sdk, "alipay.trade.query", { out_trade_no: "npmnever" }, onBehalf);
  assert.equal(asked.subCode, "ACQ.TRADE_NOT_EXIST");
  const token = { app_auth_token: merchant.appAuthToken };
  assert.equal((await exec(sdk, "alipay.open.auth.token.app.query", token)).status, "valid");
}

export async function bills(world) {
  const sdk = shop(world);
  await exec(sdk, "alipay.trade.precreate", order("npmbill1"));
  await world.buyer("alipay", "npmbill1");
  const day = await world.nextDay();
  const method = "alipay.data.dataservice.bill.downloadurl.query";
  const told = await exec(sdk, method, { bill_type: "trade", bill_date: day });
  const file = Buffer.from(await (await fetch(told.billDownloadUrl)).arrayBuffer());
  assert.equal(file.subarray(0, 2).toString(), "PK");
  const early = await exec(sdk, method, { bill_type: "trade", bill_date: "2999-01-01" });
  assert.equal(early.code, "40004");
}
