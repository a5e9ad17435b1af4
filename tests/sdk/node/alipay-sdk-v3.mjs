// alipay-sdk for Node, Alipay's own, over OpenAPI v3: its `curl` checks the signature of every success by itself.
//
// /// sdk
// package = "alipay-sdk"
// provider = "alipay"
//
// [steps]
// precreate_pay_refund = [
//   "AlipaySdk.curl POST /v3/alipay/trade/precreate",
//   "AlipaySdk.curl POST /v3/alipay/trade/query",
//   "AlipaySdk.curl POST /v3/alipay/trade/refund",
//   "AlipaySdk.curl POST /v3/alipay/trade/fastpay/refund/query",
// ]
// barcode = [
//   "AlipaySdk.curl POST /v3/alipay/trade/pay",
// ]
// create_close_cancel = [
//   "AlipaySdk.curl POST /v3/alipay/trade/create",
//   "AlipaySdk.curl POST /v3/alipay/trade/close",
//   "AlipaySdk.curl POST /v3/alipay/trade/cancel",
// ]
// refund_applied_for = [
//   "AlipaySdk.curl POST /v3/alipay/trade/refund/apply",
// ]
// certificate_mode = [
//   "AlipaySdk.curl GET /v3/alipay/open/app/alipaycert/download",
// ]
// encrypted_content = [
//   "AlipaySdk.curl POST /v3/alipay/trade/precreate",
// ]
// transfers = [
//   "AlipaySdk.curl POST /v3/alipay/fund/trans/uni/transfer",
//   "AlipaySdk.curl GET /v3/alipay/fund/trans/common/query",
// ]
// oauth = [
//   "AlipaySdk.curl POST /v3/alipay/system/oauth/token",
//   "AlipaySdk.curl POST /v3/alipay/open/auth/token/app",
//   "AlipaySdk.curl GET /v3/alipay/open/auth/token/app/query",
// ]
// refusals = [
//   "AlipaySdk.curl",
// ]
// bills = [
//   "AlipaySdk.curl GET /v3/alipay/data/dataservice/bill/downloadurl/query",
// ]
//
// [out_of_scope]
// "AlipaySdk.curlStream" = "speaks HTTP/2 only, and no payment API streams"
// "AlipaySdk.sse" = "speaks HTTP/2 only, and no payment API streams"
// ///

import assert from "node:assert/strict";

import { consent } from "./alipay-sdk.mjs";
import { publicOf } from "./world.mjs";

const SUBJECT = "打赏 & 玫瑰 +1 {x pp000001";
const TRADE = "/v3/alipay/trade";

export function publicMethods(world) {
  return publicOf(world.require("alipay-sdk").AlipaySdk, "AlipaySdk");
}

function shop(world, more = {}) {
  const { AlipaySdk } = world.require("alipay-sdk");
  const sdk = new AlipaySdk({
    appId: world.text("alipay/app_id"),
    privateKey: world.text("alipay/app_private_key.pkcs1.pem"),
    alipayPublicKey: world.text("alipay/alipay_public_key.pem"),
    endpoint: world.url("alipay"),
    ...more,
  });
  return world.watch(sdk, "AlipaySdk", (key, [verb, path]) => (key === "curl" ? `${verb} ${path}` : ""));
}

const certified = (world) =>
  shop(world, {
    alipayPublicKey: undefined,
    appCertPath: world.path("alipay/appCertPublicKey.crt"),
    alipayPublicCertPath: world.path("alipay/alipayCertPublicKey_RSA2.crt"),
    alipayRootCertPath: world.path("alipay/alipayRootCert.crt"),
  });

async function get(sdk, path, query) {
  return (await sdk.curl("GET", path, { query })).data;
}

async function post(sdk, path, body, more = {}) {
  const { data, responseHttpStatus } = await sdk.curl("POST", path, { body, ...more });
  assert.equal(responseHttpStatus, 200);
  return data;
}

/** The error that a call ends with. */
async function refusal(call) {
  const error = await call.then(
    () => assert.fail("it was accepted"),
    (problem) => problem,
  );
  assert.equal(error.name, "AlipayRequestError");
  return { code: error.code, status: error.responseHttpStatus, links: error.links };
}

const order = (out_trade_no, total_amount = "1.23") => ({ out_trade_no, total_amount, subject: SUBJECT });

export async function precreate_pay_refund(world) {
  const sdk = shop(world);
  const out_trade_no = "curl1";
  const notify_url = world.notifyUrl("alipay", out_trade_no);
  const made = await post(sdk, `${TRADE}/precreate`, { ...order(out_trade_no), notify_url });
  assert.ok(made.qr_code.startsWith("https://qr.alipay.com/bax"));
  assert.equal((await refusal(post(sdk, `${TRADE}/query`, { out_trade_no }))).code, "ACQ.TRADE_NOT_EXIST");

  await world.buyer("alipay", out_trade_no);
  const paid = await post(sdk, `${TRADE}/query`, { out_trade_no });
  assert.deepEqual([paid.trade_status, paid.total_amount], ["TRADE_SUCCESS", "1.23"]);
  const { form } = await world.notify("alipay", out_trade_no);
  assert.equal(form.subject, SUBJECT);
  assert.equal(sdk.checkNotifySignV2({ ...form }), true);

  const part = { out_trade_no, refund_amount: "0.23", out_request_no: "r1" };
  for (const fund_change of ["Y", "N"]) {
    assert.equal((await post(sdk, `${TRADE}/refund`, part)).fund_change, fund_change);
  }
  const known = await post(sdk, `${TRADE}/fastpay/refund/query`, { out_trade_no, out_request_no: "r1" });
  assert.equal(known.refund_status, "REFUND_SUCCESS");
}

export async function barcode(world) {
  const sdk = shop(world);
  const pay = (number, amount, auth_code) =>
    post(sdk, `${TRADE}/pay`, { ...order(number, amount), scene: "bar_code", auth_code });
  assert.ok((await pay("curlbar1", "1.23", "28763443825664396")).gmt_payment);
  const waiting = await pay("curlbar2", "5000.00", "28763443825664397");
  assert.equal(waiting.gmt_payment, undefined);
  await world.buyer("alipay", "curlbar2");
  assert.equal((await post(sdk, `${TRADE}/query`, { out_trade_no: "curlbar2" })).trade_status, "TRADE_SUCCESS");
}

export async function create_close_cancel(world) {
  const sdk = shop(world);
  const made = await post(sdk, `${TRADE}/create`, { ...order("curlcreate1"), buyer_id: "2088102146225135" });
  assert.equal((await post(sdk, `${TRADE}/close`, { trade_no: made.trade_no })).out_trade_no, "curlcreate1");
  await post(sdk, `${TRADE}/create`, { ...order("curlcreate2"), buyer_id: "2088102146225135" });
  const cancelled = await post(sdk, `${TRADE}/cancel`, { out_trade_no: "curlcreate2" });
  assert.deepEqual([cancelled.action, cancelled.retry_flag], ["close", "N"]);
}

export async function refund_applied_for(world) {
  const sdk = shop(world);
  await post(sdk, `${TRADE}/precreate`, order("curlapply1"));
  await world.buyer("alipay", "curlapply1");
  const part = { out_trade_no: "curlapply1", refund_amount: "1.23", out_request_no: "r1" };
  assert.equal((await post(sdk, `${TRADE}/refund/apply`, part)).refund_status, "REFUND_PROCESSING");
  await world.control("/clock/advance", { seconds: 60 });
  assert.equal((await post(sdk, `${TRADE}/refund/apply`, part)).refund_status, "REFUND_SUCCESS");
}

export async function certificate_mode(world) {
  const sdk = certified(world);
  const made = await post(sdk, `${TRADE}/precreate`, order("curlcert1"));
  assert.ok(made.qr_code);
  const asked = { alipay_cert_sn: world.text("alipay/alipay_cert_sn") };
  const { alipay_cert_content } = await get(sdk, "/v3/alipay/open/app/alipaycert/download", asked);
  assert.ok(Buffer.from(alipay_cert_content, "base64").toString().startsWith("-----BEGIN CERTIFICATE-----"));
  const { status, code } = await refusal(post(sdk, `${TRADE}/query`, { out_trade_no: "curlnever" }));
  assert.deepEqual([status, code], [400, "ACQ.TRADE_NOT_EXIST"]);
}

export async function encrypted_content(world) {
  const sdk = shop(world, { encryptKey: world.text("alipay/aes_key") });
  const made = await post(sdk, `${TRADE}/precreate`, order("curlaes1"), { needEncrypt: true });
  assert.equal(made.out_trade_no, "curlaes1");
  const unknown = post(sdk, `${TRADE}/query`, { out_trade_no: "curlnever" }, { needEncrypt: true });
  assert.equal((await refusal(unknown)).code, "ACQ.TRADE_NOT_EXIST");
}

export async function refusals(world) {
  const sdk = shop(world);
  const nowhere = await refusal(sdk.curl("POST", `${TRADE}/nothing`, { body: {} }));
  assert.deepEqual([nowhere.status, nowhere.code], [404, "invalid-method"]);
  assert.equal(nowhere.links[0].desc, "解决方案");
  const stranger = shop(world, { appId: "2021000000000000" });
  assert.equal((await refusal(stranger.curl("POST", `${TRADE}/query`, { body: {} }))).code, "invalid-app-id");
  const wrongKey = world.text("platform/alipay_private_key.pem");
  const forger = shop(world, { privateKey: wrongKey, keyType: "PKCS8" });
  assert.equal((await refusal(forger.curl("POST", `${TRADE}/query`, { body: {} }))).code, "invalid-signature");
  const token = { body: { out_trade_no: "curl1" }, appAuthToken: "201509BB" };
  const ungranted = await refusal(sdk.curl("POST", `${TRADE}/query`, token));
  assert.deepEqual([ungranted.status, ungranted.code], [401, "invalid-app-auth-token"]);
}

export async function transfers(world) {
  const sdk = certified(world);
  const transfer = {
    out_biz_no: "curltransfer1",
    trans_amount: "1.23",
    product_code: "TRANS_ACCOUNT_NO_PWD",
    biz_scene: "DIRECT_TRANSFER",
    payee_info: { identity: "2088102146225135", identity_type: "ALIPAY_USER_ID" },
  };
  assert.equal((await post(sdk, "/v3/alipay/fund/trans/uni/transfer", transfer)).status, "SUCCESS");
  const asked = { out_biz_no: "curltransfer1", product_code: "TRANS_ACCOUNT_NO_PWD", biz_scene: "DIRECT_TRANSFER" };
  assert.equal((await get(sdk, "/v3/alipay/fund/trans/common/query", asked)).trans_amount, "1.23");
  const openly = post(shop(world), "/v3/alipay/fund/trans/uni/transfer", transfer);
  assert.equal((await refusal(openly)).code, "missing-app-cert-sn");
}

export async function oauth(world) {
  const sdk = shop(world);
  const code = (await consent(world, "publicAppAuthorize.htm")).get("auth_code");
  const granted = { grant_type: "authorization_code", code };
  const user = await post(sdk, "/v3/alipay/system/oauth/token", granted);
  assert.ok(user.access_token);
  assert.equal((await refusal(post(sdk, "/v3/alipay/system/oauth/token", granted))).code, "code-invalid");
  const appCode = (await consent(world, "appToAppAuth.htm")).get("app_auth_code");
  const body = { grant_type: "authorization_code", code: appCode };
  const { app_auth_token } = await post(sdk, "/v3/alipay/open/auth/token/app", body);
  assert.equal((await get(sdk, "/v3/alipay/open/auth/token/app/query", { app_auth_token })).status, "valid");
  const onBehalf = { appAuthToken: app_auth_token };
  const asked = post(sdk, `${TRADE}/query`, { out_trade_no: "curlnever" }, onBehalf);
  assert.equal((await refusal(asked)).code, "ACQ.TRADE_NOT_EXIST");
}

export async function bills(world) {
  const sdk = shop(world);
  await post(sdk, `${TRADE}/precreate`, order("curlbill1"));
  await world.buyer("alipay", "curlbill1");
  const bill_date = await world.nextDay();
  const path = "/v3/alipay/data/dataservice/bill/downloadurl/query";
  const { bill_download_url } = await get(sdk, path, { bill_type: "trade", bill_date });
  const file = Buffer.from(await (await fetch(bill_download_url)).arrayBuffer());
  assert.equal(file.subarray(0, 2).toString(), "PK");
  const early = get(sdk, path, { bill_type: "trade", bill_date: "2999-01-01" });
  assert.equal((await refusal(early)).status, 400);
}
