// wechatpay-node-v3 against API v3: what it is told, and whether it believes it. It verifies nothing unless verifySign is
// called, and then by platform certificates only, which it fetches by itself. Errors come back as values.
//
// Facts: wechatpay/sdk-ways, wechatpay/sdk-traps, wechatpay/bill-download
//
// /// sdk
// package = "wechatpay-node-v3"
// provider = "wechatpay"
// door = "vendor"
//
// [steps]
// native_all_the_way_round = [
//   "Pay.transactions_native", "Pay.query", "Pay.close", "Pay.refunds", "Pay.find_refunds", "Pay.verifySign", "Pay.decipher_gcm",
// ]
// pages_apps_and_phones = ["Pay.transactions_jsapi", "Pay.transactions_app", "Pay.transactions_h5"]
// bills = ["Pay.tradebill", "Pay.fundflowbill", "Pay.downloadBill"]
// batches = [
//   "Pay.get_certificates", "Pay.publicEncrypt", "Pay.batches_transfer", "Pay.query_batches_transfer_list",
//   "Pay.query_batches_transfer_list_wx", "Pay.query_batches_transfer_detail", "Pay.query_batches_transfer_detail_wx",
// ]
// combined_orders = [
//   "Pay.combine_transactions_native", "Pay.combine_transactions_jsapi", "Pay.combine_transactions_app",
//   "Pay.combine_transactions_h5", "Pay.combine_query", "Pay.combine_close",
// ]
// self_test = ["Pay.getSignature", "Pay.getAuthorization", "Pay.sha256WithRsa", "Pay.getSN", "Pay.createHttp", "Pay.privateDecrypt"]
//
// [out_of_scope]
// "Pay.*profitsharing*" = "profit sharing is not simulated"
// "Pay.upload_images" = "pictures are not simulated"
// "Pay.sign" = "called by every request above from inside"
// "Pay.fetchCertificates" = "private: called by verifySign"
// "Pay.buildAuthorization" = "called by every request above from inside"
// ///

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";

import { publicOf } from "./world.mjs";

const TITLE = "打赏 & 玫瑰 +1 {x pp000001";
const OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const here = { payer_client_ip: "127.0.0.1" };

export function publicMethods(world) {
  return publicOf(world.require("wechatpay-node-v3"), "Pay");
}

function shop(world, more = {}) {
  const Pay = world.require("wechatpay-node-v3");
  const pay = new Pay({
    appid: world.text("wechatpay/appid"),
    mchid: world.text("wechatpay/mchid"),
    publicKey: Buffer.from(world.text("wechatpay/apiclient_cert.pem")),
    privateKey: Buffer.from(world.text("wechatpay/apiclient_key.pem")),
    key: world.text("wechatpay/apiv3_key"),
    ...more,
  });
  return world.watch(pay, "Pay");
}

const order = (world, number, more = {}) => ({
  description: TITLE,
  out_trade_no: number,
  notify_url: world.notifyUrl("wechatpay", number),
  amount: { total: 123, currency: "CNY" },
  scene_info: here,
  ...more,
});

/** An answer of status 200, whose error would be told. */
async function ok(call, status = 200) {
  const said = await call;
  assert.equal(said.status, status, JSON.stringify(said));
  return said.data;
}

async function told(world, pay, tag) {
  const { headers, body } = await world.notify("wechatpay", tag);
  const signed = {
    timestamp: headers["wechatpay-timestamp"],
    nonce: headers["wechatpay-nonce"],
    serial: headers["wechatpay-serial"],
    signature: headers["wechatpay-signature"],
    body: body.toString(),
  };
  assert.equal(await pay.verifySign(signed), true);
  assert.equal(await pay.verifySign({ ...signed, body: `${signed.body} ` }), false);
  const { event_type, resource } = JSON.parse(signed.body);
  return { event_type, resource: pay.decipher_gcm(resource.ciphertext, resource.associated_data, resource.nonce) };
}

export async function native_all_the_way_round(world) {
  const pay = shop(world);
  const { code_url } = await ok(pay.transactions_native(order(world, "native1", { attach: "房间 7" })));
  assert.ok(code_url.startsWith("weixin://wxpay/bizpayurl?pr="));
  const again = await pay.transactions_native(order(world, "native1"));
  assert.deepEqual([again.status, JSON.parse(again.error).code], [403, "OUT_TRADE_NO_USED"]);
  await world.buyer("wechatpay", "native1");
  const paid = await ok(pay.query({ out_trade_no: "native1" }));
  assert.deepEqual([paid.trade_state, paid.attach], ["SUCCESS", "房间 7"]);
  assert.deepEqual(await ok(pay.query({ transaction_id: paid.transaction_id })), paid);
  assert.deepEqual(await told(world, pay, "native1"), { event_type: "TRANSACTION.SUCCESS", resource: paid });

  const amount = { refund: 23, total: 123, currency: "CNY" };
  const back = { out_trade_no: "native1", out_refund_no: "r1", amount, notify_url: world.notifyUrl("wechatpay", "native1back") };
  assert.equal((await ok(pay.refunds(back))).status, "PROCESSING");
  await world.control("/clock/advance", { seconds: 5 });
  assert.equal((await ok(pay.find_refunds("r1"))).status, "SUCCESS");
  assert.equal((await told(world, pay, "native1back")).resource.refund_status, "SUCCESS");
  await ok(pay.transactions_native(order(world, "native2")));
  await ok(pay.close("native2"), 204);
}

export async function pages_apps_and_phones(world) {
  const pay = shop(world);
  const page = await ok(pay.transactions_jsapi(order(world, "page001", { payer: { openid: OPENID } })));
  await opened(world, page, "page001");
  await opened(world, await ok(pay.transactions_app(order(world, "app0001"))), "app0001");
  const scene_info = { ...here, h5_info: { type: "Wap", app_name: "a", app_url: "https://a.example" } };
  const { h5_url } = await ok(pay.transactions_h5(order(world, "phone01", { scene_info })));
  assert.ok(h5_url.startsWith("https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx"));
}

/** The wallet takes the parameters that the SDK made and signed. */
async function opened(world, parameters, number) {
  const { status: _, ...said } = parameters;
  await world.control("/qr", { qr_code: JSON.stringify(said), action: "pay" });
  assert.equal((await world.control(`/trades/wechatpay/${number}`)).state, "PAID");
}

export async function bills(world) {
  const pay = shop(world);
  await ok(pay.transactions_native(order(world, "bill001")));
  await world.buyer("wechatpay", "bill001");
  const { schedule_at } = await world.control("/clock");
  const bill_date = new Date(Date.parse(schedule_at) + 8 * 3600_000).toISOString().slice(0, 10);
  await world.control("/clock/advance", { seconds: 36 * 3600 });
  for (const asked of [pay.tradebill({ bill_date }), pay.tradebill({ bill_date, tar_type: "GZIP" }), pay.fundflowbill({ bill_date })]) {
    const said = await ok(asked);
    const data = await ok(pay.downloadBill(said.download_url));
    const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data);
    const plain = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
    assert.equal(createHash("sha1").update(plain).digest("hex"), said.hash_value);
  }
}

export async function batches(world) {
  const pay = shop(world);
  const [{ serial_no, publicKey }] = await pay.get_certificates(world.text("wechatpay/apiv3_key"));
  const user_name = pay.publicEncrypt("张三", publicKey);
  const detail = { out_detail_no: "d1", transfer_amount: 100, transfer_remark: "x", openid: OPENID, user_name };
  const batch = { out_batch_no: "batch1", batch_name: "n", batch_remark: "r", total_amount: 100, total_num: 1 };
  const refused = await pay.batches_transfer({ ...batch, transfer_detail_list: [detail] });
  assert.equal(JSON.parse(refused.error).code, "PARAM_ERROR"); // it names the merchant's own serial unless told otherwise
  const { batch_id } = await ok(pay.batches_transfer({ ...batch, transfer_detail_list: [detail], wx_serial_no: serial_no }));
  await world.control("/clock/advance", { seconds: 5 });
  const mine = await ok(pay.query_batches_transfer_list({ out_batch_no: "batch1", need_query_detail: true, detail_status: "ALL" }));
  assert.deepEqual(await ok(pay.query_batches_transfer_list_wx({ batch_id, need_query_detail: true, detail_status: "ALL" })), mine);
  assert.equal(mine.transfer_batch.batch_status, "FINISHED");
  const [{ detail_id }] = mine.transfer_detail_list;
  const one = await ok(pay.query_batches_transfer_detail({ out_batch_no: "batch1", out_detail_no: "d1" }));
  const same = await ok(pay.query_batches_transfer_detail_wx({ batch_id, detail_id }));
  assert.ok(one.user_name && same.user_name); // the name is encrypted anew each time
  assert.deepEqual({ ...same, user_name: one.user_name }, one);
  assert.equal(one.detail_status, "SUCCESS");
}

export async function combined_orders(world) {
  const pay = shop(world);
  const mchid = world.text("wechatpay/mchid");
  const whole = (number, more = {}) => ({
    combine_out_trade_no: number,
    sub_orders: [0, 1].map((place) => ({
      mchid, attach: "a", amount: { total_amount: 100 + place, currency: "CNY" }, out_trade_no: `${number}sub${place}`, description: TITLE,
    })),
    notify_url: world.notifyUrl("wechatpay", number),
    combine_mchid: mchid,
    combine_appid: world.text("wechatpay/appid"),
    scene_info: here,
    ...more,
  });
  assert.ok((await ok(pay.combine_transactions_native(whole("native")))).code_url);
  await ok(pay.combine_transactions_jsapi(whole("jsapi1", { combine_payer_info: { openid: OPENID } })));
  await ok(pay.combine_transactions_app(whole("app001")));
  const h5_info = { type: "Wap", app_name: "a", app_url: "https://a.example" };
  assert.ok((await ok(pay.combine_transactions_h5(whole("phone1", { scene_info: { ...here, h5_info } })))).h5_url);
  assert.equal((await ok(pay.combine_query("native"))).sub_orders.length, 2);
  const sub_orders = whole("native").sub_orders.map(({ out_trade_no }) => ({ mchid, out_trade_no }));
  await ok(pay.combine_close("native", sub_orders), 204);
}

/** What it offers to those who build their own calls, through a transport of one's own. */
export async function self_test(world) {
  const pay = shop(world);
  const [{ serial_no, publicKey }] = await pay.get_certificates(world.text("wechatpay/apiv3_key"));
  const sent = [];
  pay.createHttp({
    get: async (url) => (sent.push(url), { status: 200, data: {} }),
    post: async () => assert.fail("nothing is posted"),
    upload: async () => assert.fail("nothing is uploaded"),
  });
  await pay.query({ out_trade_no: "nobody" });
  assert.equal(new URL(sent[0]).pathname, "/v3/pay/transactions/out-trade-no/nobody");
  assert.equal(pay.getSN().toUpperCase(), world.text("wechatpay/apiclient_serial_no"));
  assert.equal(pay.sha256WithRsa("x").length, 344);

  const [nonce, stamp, url] = ["n0nce", String(Math.floor(Date.now() / 1000)), "/v3/security/echo"];
  const body = { echo_message: "hello", encrypted_echo_message: pay.publicEncrypt("张三", publicKey) };
  const signature = pay.getSignature("POST", nonce, stamp, url, body);
  const answer = await fetch(world.url("wechatpay") + url, {
    method: "POST",
    headers: {
      Authorization: pay.getAuthorization(nonce, stamp, signature), Accept: "application/json", "User-Agent": "127.0.0.1",
      "Content-Type": "application/json", "Wechatpay-Serial": serial_no,
    },
    body: JSON.stringify(body),
  });
  const said = await answer.json();
  assert.equal(pay.privateDecrypt(said.encrypted_echo_message), "张三", JSON.stringify(said));
}
