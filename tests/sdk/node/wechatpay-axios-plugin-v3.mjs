// wechatpay-axios-plugin against API v3: what it is told, and whether it believes it. It verifies the stamp, the serial
// and the signature of every 2xx by itself, but for downloads; notifies are verified with its helpers.
//
// Facts: wechatpay/sdk-traps, wechatpay/answer-sign, wechatpay/bill-download
//
// /// sdk
// package = "wechatpay-axios-plugin"
// provider = "wechatpay"
//
// [steps]
// native_all_the_way_round = [
//   "v3.pay.transactions.native", "v3.pay.transactions.out-trade-no", "v3.pay.transactions.id", "v3.close",
//   "v3.refund.domestic.refunds", "v3.refund.domestic.refunds.query", "Formatter.response", "Rsa.verify", "AesGcm.decrypt",
// ]
// public_key_mode = ["v3.pay.transactions.native", "v3.pay.transactions.out-trade-no"]
// pages_apps_and_phones = [
//   "v3.pay.transactions.jsapi", "v3.pay.transactions.app", "v3.pay.transactions.h5", "Rsa.sign",
//   "Formatter.joinedByLineFeed", "Formatter.timestamp", "Formatter.nonce",
// ]
// vertical_bar = ["v3.pay.transactions.native", "v3.pay.transactions.out-trade-no"]
// payment_by_code = ["v3.pay.transactions.codepay", "v3.reverse"]
// bills = ["v3.bill.tradebill", "v3.bill.fundflowbill", "v3.billdownload.file", "Formatter.castCsvBill"]
// transfers = ["v3.fund-app.mch-transfer.transfer-bills", "v3.transfer.batches", "Rsa.encrypt"]
// combined_orders = ["v3.combine-transactions.native", "v3.combine-transactions.out-trade-no", "v3.combine-close"]
// certificates_and_self_test = ["v3.certificates", "v3.security.echo", "Rsa.decrypt", "AesGcm.decrypt"]
// forged_and_probed = ["v3.pay.transactions.native"]
//
// [out_of_scope]
// "Rsa.*" = "readers of keys, called by every request above from inside"
// "Formatter.*" = "called by every request above from inside, or of the XML API"
// "AesGcm.encrypt" = "the platform's half"
// ///

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";

const TITLE = "打赏 & 玫瑰 +1 {x pp000001";
const OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const APIS = [
  "pay.transactions.native", "pay.transactions.jsapi", "pay.transactions.app", "pay.transactions.h5",
  "pay.transactions.codepay", "pay.transactions.out-trade-no", "pay.transactions.id", "close", "reverse",
  "refund.domestic.refunds", "refund.domestic.refunds.query", "bill.tradebill", "bill.fundflowbill", "billdownload.file",
  "fund-app.mch-transfer.transfer-bills", "transfer.batches", "combine-transactions.native",
  "combine-transactions.out-trade-no", "combine-close", "certificates", "security.echo",
];

/** Its v3 APIs are paths, which are made of words on the fly; what has names of its own are these helpers. */
export function publicMethods(world) {
  const { Rsa, Formatter, Aes } = world.require("wechatpay-axios-plugin");
  const statics = (type, name) =>
    Object.getOwnPropertyNames(type)
      .filter((key) => typeof type[key] === "function" && !["prototype", "default", "isKeyObject", "ksort", "queryStringLike", "from"].includes(key))
      .map((key) => `${name}.${key}`);
  return [...APIS.map((one) => `v3.${one}`), ...statics(Rsa, "Rsa"), ...statics(Formatter, "Formatter"), ...statics(Aes.AesGcm, "AesGcm")];
}

const file = (world, name) => world.text(`wechatpay/${name}`).trim();

function shop(world, { publicKey = false } = {}) {
  const { Wechatpay, Rsa, Formatter, Aes } = world.require("wechatpay-axios-plugin");
  const pairs = publicKey
    ? [["wechatpay_public_key_id", "wechatpay_public_key.pem"]]
    : [["wechatpay_certificate_serial_no", "wechatpay_certificate.pem"]];
  const certs = Object.fromEntries(pairs.map(([serial, pem]) => [file(world, serial), file(world, pem)]));
  const mchid = file(world, "mchid");
  const appid = file(world, "appid");
  const wxpay = new Wechatpay({
    baseURL: `${world.url("wechatpay")}/`,
    mchid,
    serial: file(world, "apiclient_serial_no"),
    privateKey: world.text("wechatpay/apiclient_key.pem"),
    certs,
  });
  const headers = publicKey ? { "Wechatpay-Serial": file(world, "wechatpay_public_key_id") } : {};
  const at = (api, path) => {
    world.called(`v3.${api}`);
    return wxpay.chain(`v3/${path ?? api.replaceAll(".", "/")}`);
  };
  const post = async (api, body, { path, more = {} } = {}) => (await at(api, path).post(body, { headers: { ...headers, ...more } })).data;
  const get = async (api, params, { path, ...config } = {}) => (await at(api, path).get({ params, headers, ...config })).data;
  const order = (number, more = {}) => ({
    appid, mchid, description: TITLE, out_trade_no: number, notify_url: world.notifyUrl("wechatpay", number),
    amount: { total: 123, currency: "CNY" }, ...more,
  });
  const query = (number) => get("pay.transactions.out-trade-no", { mchid }, { path: `pay/transactions/out-trade-no/${number}` });
  const called = (type, name) => (key, ...given) => (world.called(`${name}.${key}`), type[key](...given));
  return {
    mchid, appid, certs, post, get, order, query,
    rsa: called(Rsa, "Rsa"), formatter: called(Formatter, "Formatter"), gcm: called(Aes.AesGcm, "AesGcm"),
  };
}

/** The next notify, verified and decrypted with the SDK's helpers. */
async function told(world, { certs, rsa, formatter, gcm }, tag) {
  const { headers, body } = await world.notify("wechatpay", tag);
  const text = body.toString();
  const signed = formatter("response", headers["wechatpay-timestamp"], headers["wechatpay-nonce"], text);
  assert.ok(rsa("verify", signed, headers["wechatpay-signature"], certs[headers["wechatpay-serial"]]));
  const { event_type, resource } = JSON.parse(text);
  const plain = gcm("decrypt", resource.ciphertext, file(world, "apiv3_key"), resource.nonce, resource.associated_data);
  return { event_type, resource: JSON.parse(plain) };
}

const refused = async (call, status) => {
  const problem = await call.then(() => assert.fail("this should have been refused"), (one) => one);
  assert.equal(problem.response?.status, status, String(problem));
  return problem.response.data;
};

export async function native_all_the_way_round(world) {
  const it = shop(world);
  const made = await it.post("pay.transactions.native", it.order("native1", { attach: "房间 7" }));
  assert.ok(made.code_url.startsWith("weixin://wxpay/bizpayurl?pr="));
  assert.deepEqual(await it.post("pay.transactions.native", it.order("native1", { attach: "房间 7" })), made);
  assert.equal((await refused(it.post("pay.transactions.native", it.order("native1")), 403)).code, "OUT_TRADE_NO_USED");
  await world.buyer("wechatpay", "native1");
  const paid = await it.query("native1");
  assert.deepEqual([paid.trade_state, paid.attach], ["SUCCESS", "房间 7"]);
  const path = `pay/transactions/id/${paid.transaction_id}`;
  assert.deepEqual(await it.get("pay.transactions.id", { mchid: it.mchid }, { path }), paid);
  assert.deepEqual(await told(world, it, "native1"), { event_type: "TRANSACTION.SUCCESS", resource: paid });

  const back = { out_trade_no: "native1", out_refund_no: "r1", amount: { refund: 23, total: 123, currency: "CNY" } };
  const asked = { ...back, notify_url: world.notifyUrl("wechatpay", "native1back") };
  assert.equal((await it.post("refund.domestic.refunds", asked)).status, "PROCESSING");
  await world.control("/clock/advance", { seconds: 5 });
  const known = await it.get("refund.domestic.refunds.query", {}, { path: "refund/domestic/refunds/r1" });
  assert.equal(known.status, "SUCCESS");
  assert.equal((await told(world, it, "native1back")).resource.refund_status, "SUCCESS");

  await it.post("pay.transactions.native", it.order("native2"));
  const close = { path: "pay/transactions/out-trade-no/native2/close" };
  assert.ok(!(await it.post("close", { mchid: it.mchid }, close)));
  assert.equal((await it.query("native2")).trade_state, "CLOSED");
}

export async function public_key_mode(world) {
  const it = shop(world, { publicKey: true });
  await it.post("pay.transactions.native", it.order("public1"));
  await world.buyer("wechatpay", "public1");
  const paid = await it.query("public1");
  assert.deepEqual(await told(world, it, "public1"), { event_type: "TRANSACTION.SUCCESS", resource: paid });
}

export async function pages_apps_and_phones(world) {
  const it = shop(world);
  const scene_info = { payer_client_ip: "127.0.0.1", h5_info: { type: "Wap" } };
  assert.ok((await it.post("pay.transactions.h5", it.order("phone01", { scene_info }))).h5_url.startsWith("https://wx.tenpay.com/"));
  const privateKey = world.text("wechatpay/apiclient_key.pem");
  const [stamp, nonce] = [String(it.formatter("timestamp")), it.formatter("nonce")];
  const sign = (...lines) => it.rsa("sign", it.formatter("joinedByLineFeed", ...lines), privateKey);

  const page = await it.post("pay.transactions.jsapi", it.order("page001", { payer: { openid: OPENID } }));
  const packed = `prepay_id=${page.prepay_id}`;
  const said = { appId: it.appid, timeStamp: stamp, nonceStr: nonce, package: packed, signType: "RSA" };
  await opened(world, { ...said, paySign: sign(it.appid, stamp, nonce, packed) }, "page001");
  const { prepay_id } = await it.post("pay.transactions.app", it.order("app0001"));
  const app = { appid: it.appid, partnerid: it.mchid, prepayid: prepay_id, package: "Sign=WXPay", noncestr: nonce, timestamp: stamp };
  await opened(world, { ...app, sign: sign(it.appid, stamp, nonce, prepay_id) }, "app0001");
}

async function opened(world, parameters, order) {
  await world.control("/qr", { qr_code: JSON.stringify(parameters), action: "pay" });
  assert.equal((await world.control(`/trades/wechatpay/${order}`)).state, "PAID");
}

/** Signed raw and sent raw: the form on the wire. */
export async function vertical_bar(world) {
  const it = shop(world);
  await it.post("pay.transactions.native", it.order("bar|001"));
  assert.equal((await it.query("bar|001")).out_trade_no, "bar|001");
}

export async function payment_by_code(world) {
  const it = shop(world);
  const { notify_url, ...plain } = it.order("code001", { payer: { auth_code: "130000000000000000" } });
  assert.equal((await it.post("pay.transactions.codepay", plain)).trade_state, "SUCCESS");
  const reverse = { path: "pay/transactions/out-trade-no/code001/reverse" };
  assert.equal((await it.post("reverse", { appid: it.appid, mchid: it.mchid }, reverse)).out_trade_no, "code001");
}

export async function bills(world) {
  const it = shop(world);
  await it.post("pay.transactions.native", it.order("bill001"));
  await world.buyer("wechatpay", "bill001");
  const { schedule_at } = await world.control("/clock");
  const bill_date = new Date(Date.parse(schedule_at) + 8 * 3600_000).toISOString().slice(0, 10);
  await world.control("/clock/advance", { seconds: 36 * 3600 });
  for (const [api, more] of [["bill.tradebill", {}], ["bill.tradebill", { tar_type: "GZIP" }], ["bill.fundflowbill", {}]]) {
    const said = await it.get(api, { bill_date, ...more });
    const token = new URL(said.download_url).searchParams.get("token");
    const data = await it.get("billdownload.file", { token }, { responseType: "arraybuffer" });
    const plain = more.tar_type ? gunzipSync(data) : Buffer.from(data);
    assert.equal(createHash("sha1").update(plain).digest("hex"), said.hash_value);
    const { rows } = it.formatter("castCsvBill", plain);
    assert.ok(rows.length >= 1);
  }
}

export async function transfers(world) {
  const it = shop(world, { publicKey: true });
  const user_name = it.rsa("encrypt", "张三", world.text("wechatpay/wechatpay_public_key.pem"));
  const bills = "fund-app.mch-transfer.transfer-bills";
  const bill = { appid: it.appid, out_bill_no: "bill1", transfer_scene_id: "1000", openid: OPENID, user_name, transfer_amount: 100, transfer_remark: "x" };
  assert.equal((await it.post(bills, bill)).state, "WAIT_USER_CONFIRM");
  const detail = { out_detail_no: "d1", transfer_amount: 100, transfer_remark: "x", openid: OPENID, user_name };
  const batch = { appid: it.appid, out_batch_no: "batch1", batch_name: "n", batch_remark: "r", total_amount: 100, total_num: 1 };
  await it.post("transfer.batches", { ...batch, transfer_detail_list: [detail] });
  await world.control("/clock/advance", { seconds: 5 });
  assert.equal((await it.get(bills, {}, { path: "fund-app/mch-transfer/transfer-bills/out-bill-no/bill1" })).state, "SUCCESS");
  const said = await it.get("transfer.batches", { need_query_detail: false }, { path: "transfer/batches/out-batch-no/batch1" });
  assert.equal(said.transfer_batch.batch_status, "FINISHED");
}

export async function combined_orders(world) {
  const it = shop(world);
  const sub = (place) => ({
    mchid: it.mchid, attach: "a", amount: { total_amount: 100 + place, currency: "CNY" }, out_trade_no: `wholesub${place}`, description: TITLE,
  });
  const whole = { combine_appid: it.appid, combine_mchid: it.mchid, combine_out_trade_no: "whole1", sub_orders: [sub(0), sub(1)] };
  await it.post("combine-transactions.native", { ...whole, notify_url: world.notifyUrl("wechatpay", "whole1") });
  const path = "combine-transactions/out-trade-no/whole1";
  assert.equal((await it.get("combine-transactions.out-trade-no", {}, { path })).sub_orders.length, 2);
  const sub_orders = whole.sub_orders.map(({ mchid, out_trade_no }) => ({ mchid, out_trade_no }));
  assert.ok(!(await it.post("combine-close", { combine_appid: it.appid, sub_orders }, { path: `${path}/close` })));
}

export async function certificates_and_self_test(world) {
  const it = shop(world);
  const { data } = await it.get("certificates", {});
  const { nonce, associated_data, ciphertext } = data[0].encrypt_certificate;
  assert.equal(it.gcm("decrypt", ciphertext, file(world, "apiv3_key"), nonce, associated_data).trim(), Object.values(it.certs)[0]);
  const encrypted_echo_message = it.rsa("encrypt", "张三", world.text("wechatpay/wechatpay_certificate.pem"));
  const more = { "Wechatpay-Serial": data[0].serial_no };
  const said = await it.post("security.echo", { echo_message: "hello", encrypted_echo_message }, { more });
  assert.equal(it.rsa("decrypt", said.encrypted_echo_message, world.text("wechatpay/apiclient_key.pem")), "张三");
}

export async function forged_and_probed(world) {
  const it = shop(world);
  for (const fault of ["bad_signature", "wrong_key", "unsigned", "signature_probe", "stale_timestamp", "certificate_rotation"]) {
    const number = `bad${fault.replace("_", "")}`;
    await world.control("/faults/rules", { id: fault, fault, where: { on: "reply", order: number, first: 1 } });
    await assert.rejects(it.post("pay.transactions.native", it.order(number)), { code: /^EV3_/ });
    assert.ok((await it.post("pay.transactions.native", it.order(number))).code_url);
  }
}
