// wechatpay-axios-plugin against the XML API: what it is told, and whether it believes it. It verifies the signature of
// every successful answer itself, but for a list of paths that the platform does not sign.
//
// Facts: wechatpay/v2-sign-type, wechatpay/v2-downloadbill, wechatpay/v2-sandbox
//
// /// sdk
// package = "wechatpay-axios-plugin"
// provider = "wechatpay"
//
// [steps]
// orders_by_md5_and_hmac = ["v2.pay.unifiedorder", "v2.pay.orderquery", "v2.pay.closeorder"]
// payment_notify = ["v2.pay.unifiedorder", "Transformer.toObject", "Hash.sign", "Hash.equals"]
// refund_and_its_notify = ["v2.secapi.pay.refund", "v2.pay.refundquery", "Transformer.toObject", "Hash.md5", "AesEcb.decrypt"]
// payment_by_code = ["v2.pay.micropay", "v2.secapi.pay.reverse", "v2.pay.orderquery"]
// bills = ["v2.pay.downloadbill", "v2.pay.downloadfundflow"]
// red_packets_and_transfers = [
//   "v2.mmpaymkttransfers.sendredpack", "v2.mmpaymkttransfers.gethbinfo",
//   "v2.mmpaymkttransfers.promotion.transfers", "v2.mmpaymkttransfers.gettransferinfo",
// ]
// newer_simulation_system = [
//   "v2.xdc.apiv2getsignkey.sign.getsignkey", "v2.xdc.apiv2sandbox.pay.micropay", "v2.xdc.apiv2sandbox.pay.orderquery",
// ]
// client_parameters = ["Hash.sign"]
//
// [out_of_scope]
// "Hash.*" = "single digests, of which the two above are what messages are signed with"
// "AesEcb.encrypt" = "the platform's half of a refund's notify"
// "Transformer.toXml" = "called by every request above, from inside"
// ///

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";

const BODY = "打赏 & <玫瑰> +1 pp000001";
const OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const CHAINS = [
  "pay.unifiedorder", "pay.orderquery", "pay.closeorder", "pay.refundquery", "pay.downloadbill", "pay.downloadfundflow",
  "pay.micropay", "secapi.pay.refund", "secapi.pay.reverse", "mmpaymkttransfers.sendredpack",
  "mmpaymkttransfers.gethbinfo", "mmpaymkttransfers.promotion.transfers", "mmpaymkttransfers.gettransferinfo",
  "xdc.apiv2getsignkey.sign.getsignkey", "xdc.apiv2sandbox.pay.micropay", "xdc.apiv2sandbox.pay.orderquery",
];

/** Its v2 APIs are paths, which are made of words on the fly; what has names of its own are these helpers. */
export function publicMethods(world) {
  const { Hash, Transformer, Aes } = world.require("wechatpay-axios-plugin");
  const statics = (type, name) =>
    Object.getOwnPropertyNames(type)
      .filter((key) => typeof type[key] === "function" && !["prototype", "default", "isKeyObject", "keyObjectFrom"].includes(key))
      .map((key) => `${name}.${key}`);
  return [...CHAINS.map((one) => `v2.${one}`), ...statics(Hash, "Hash"), ...statics(Transformer, "Transformer"), ...statics(Aes.AesEcb, "AesEcb")];
}

function shop(world, secret) {
  const { Wechatpay } = world.require("wechatpay-axios-plugin");
  const wxpay = new Wechatpay({
    baseURL: `${world.url("wechatpay")}/`,
    mchid: world.text("wechatpay/mchid").trim(),
    serial: world.text("wechatpay/apiclient_serial_no").trim(),
    privateKey: world.text("wechatpay/apiclient_key.pem"),
    certs: { [world.text("wechatpay/wechatpay_public_key_id").trim()]: world.text("wechatpay/wechatpay_public_key.pem") },
    secret: secret ?? world.text("wechatpay/apiv2_key").trim(),
    merchant: { cert: world.text("wechatpay/apiclient_cert.pem"), key: world.text("wechatpay/apiclient_key.pem") },
  });
  const mch_id = world.text("wechatpay/mchid").trim();
  const appid = world.text("wechatpay/appid").trim();
  const call = async (chain, fields, config) => {
    world.called(`v2.${chain}`);
    const end = chain.split(".").reduce((node, word) => node[word], wxpay.v2);
    return (await end.post({ mch_id, appid, ...fields }, config)).data;
  };
  const refused = async (chain, fields) => {
    try {
      await call(chain, fields);
    } catch (problem) {
      return problem.response.data.err_code ?? problem.response.data.return_msg;
    }
    return assert.fail("this should have been refused");
  };
  return { call, refused, mch_id, appid };
}

const ordered = (world, out_trade_no, more = {}) => ({
  body: BODY,
  out_trade_no,
  total_fee: "123",
  spbill_create_ip: "127.0.0.1",
  notify_url: world.notifyUrl("wechatpay", out_trade_no),
  trade_type: "NATIVE",
  attach: "a&b",
  ...more,
});

export async function orders_by_md5_and_hmac(world) {
  const { call, refused } = shop(world);
  for (const sign_type of ["MD5", "HMAC-SHA256"]) {
    const out_trade_no = `axios-${sign_type}`;
    const made = await call("pay.unifiedorder", ordered(world, out_trade_no, { sign_type }));
    assert.ok(made.code_url.startsWith("weixin://wxpay/bizpayurl?pr="));
    assert.equal(made.sign.length, sign_type === "MD5" ? 32 : 64);
    await world.buyer("wechatpay", out_trade_no);
    const paid = await call("pay.orderquery", { out_trade_no, sign_type });
    assert.deepEqual([paid.trade_state, paid.total_fee, paid.attach], ["SUCCESS", "123", "a&b"]);
    assert.equal(await refused("pay.closeorder", { out_trade_no }), "ORDERPAID");
  }
  await call("pay.unifiedorder", ordered(world, "axios-closed", { trade_type: "MWEB", scene_info: '{"h5_info":{"type":"Wap"}}' }));
  const closed = await call("pay.closeorder", { out_trade_no: "axios-closed" });
  assert.equal(closed.result_code, "SUCCESS");
  assert.equal(await refused("pay.closeorder", { out_trade_no: "axios-closed" }), "ORDERCLOSED");
}

export async function payment_notify(world) {
  const { Hash, Transformer } = world.require("wechatpay-axios-plugin");
  const { call } = shop(world);
  for (const sign_type of ["MD5", "HMAC-SHA256"]) {
    const out_trade_no = `axios-told-${sign_type}`;
    await call("pay.unifiedorder", ordered(world, out_trade_no, { sign_type }));
    await world.buyer("wechatpay", out_trade_no);
    const { body } = await world.notify("wechatpay", out_trade_no);
    world.called("Transformer.toObject");
    const told = Transformer.toObject(body.toString());
    world.called("Hash.sign");
    const right = Hash.sign(told.sign_type ?? "MD5", told, world.text("wechatpay/apiv2_key").trim());
    world.called("Hash.equals");
    assert.ok(Hash.equals(right, told.sign));
    assert.deepEqual([told.result_code, told.total_fee, told.out_trade_no], ["SUCCESS", "123", out_trade_no]);
  }
}

export async function refund_and_its_notify(world) {
  const { Aes, Hash, Transformer } = world.require("wechatpay-axios-plugin");
  const { call, refused } = shop(world);
  const out_trade_no = "axios-refunded";
  await call("pay.unifiedorder", ordered(world, out_trade_no));
  await world.buyer("wechatpay", out_trade_no);
  const part = {
    out_trade_no,
    out_refund_no: "axios-back",
    total_fee: "123",
    refund_fee: "23",
    notify_url: world.notifyUrl("wechatpay", "axios-back"),
  };
  // As its manual has it; over plain HTTP the certificate stays at home.
  const first = await call("secapi.pay.refund", part, { security: true });
  const again = await call("secapi.pay.refund", part, { security: true });
  assert.equal(first.refund_id, again.refund_id);
  assert.equal(await refused("secapi.pay.refund", { ...part, refund_fee: "24" }), "REFUND_FEE_MISMATCH");
  await world.control("/clock/advance", { seconds: 60 });
  const { body } = await world.notify("wechatpay", "axios-back");
  world.called("Transformer.toObject");
  const outer = Transformer.toObject(body.toString());
  world.called("Hash.md5");
  const key = Hash.md5(world.text("wechatpay/apiv2_key").trim());
  world.called("AesEcb.decrypt");
  const inner = Transformer.toObject(Aes.AesEcb.decrypt(outer.req_info, key));
  assert.deepEqual([inner.refund_status, inner.refund_fee], ["SUCCESS", "23"]);
  const known = await call("pay.refundquery", { out_refund_no: "axios-back" });
  assert.deepEqual([known.refund_status_0, known.refund_count], ["SUCCESS", "1"]);
}

export async function payment_by_code(world) {
  const { call, refused } = shop(world);
  const pay = (out_trade_no, auth_code) => ({
    body: BODY, out_trade_no, total_fee: "123", spbill_create_ip: "127.0.0.1", auth_code,
  });
  const paid = await call("pay.micropay", pay("axios-till-1", "120061098828009406"));
  assert.deepEqual([paid.trade_type, paid.total_fee], ["MICROPAY", "123"]);
  const reversed = await call("secapi.pay.reverse", { out_trade_no: "axios-till-1" }, { security: true });
  assert.equal(reversed.recall, "N");
  assert.equal((await call("pay.orderquery", { out_trade_no: "axios-till-1" })).trade_state, "REVOKED");
  assert.equal(await refused("pay.micropay", pay("axios-till-2", "130000000000009990")), "USERPAYING");
  await world.control("/clock/advance", { seconds: 11 });
  assert.equal((await call("pay.orderquery", { out_trade_no: "axios-till-2" })).trade_state, "SUCCESS");
}

export async function bills(world) {
  const { call } = shop(world);
  const now = new Date((await world.control("/clock")).schedule_at);
  const day = new Date(now.getTime() + 8 * 3_600_000).toISOString().slice(0, 10).replaceAll("-", "");
  await call("pay.unifiedorder", ordered(world, "axios-bill"));
  await world.buyer("wechatpay", "axios-bill");
  await world.control("/clock/advance", { seconds: 2 * 86_400 });
  // Its usual transformation makes `undefined` of a file.
  const asText = { transformResponse: [] };
  const text = await call("pay.downloadbill", { bill_date: day, bill_type: "ALL" }, asText);
  assert.ok(text.includes("`axios-bill,"));
  const zipped = await call(
    "pay.downloadbill", { bill_date: day, bill_type: "ALL", tar_type: "GZIP" }, { ...asText, responseType: "arraybuffer" },
  );
  assert.equal(gunzipSync(zipped).toString().replace("\ufeff", ""), text.replace("\ufeff", ""));
  const flow = await call(
    "pay.downloadfundflow",
    { bill_date: day, account_type: "Basic", sign_type: "HMAC-SHA256" },
    { ...asText, security: true },
  );
  assert.ok(flow.replace("\ufeff", "").startsWith("记账时间"));
}

export async function red_packets_and_transfers(world) {
  const { call, appid, mch_id } = shop(world);
  const packet = {
    mch_billno: "axiospacket1", wxappid: appid, send_name: "payproof", re_openid: OPENID, total_amount: "100",
    total_num: "1", wishing: "新年快乐", client_ip: "127.0.0.1", act_name: "act", remark: "remark",
  };
  const sent = await call("mmpaymkttransfers.sendredpack", { ...packet, appid: undefined }, { security: true });
  assert.deepEqual([sent.total_amount, sent.re_openid], ["100", OPENID]);
  const known = await call("mmpaymkttransfers.gethbinfo", { mch_billno: "axiospacket1", bill_type: "MCHT" });
  assert.ok(["SENT", "RECEIVED"].includes(known.status));
  const transfer = {
    mch_appid: appid, mchid: mch_id, partner_trade_no: "axiostransfer1", openid: OPENID, check_name: "NO_CHECK",
    amount: "100", desc: "desc", spbill_create_ip: "127.0.0.1",
  };
  const moved = await call("mmpaymkttransfers.promotion.transfers", transfer, { security: true });
  const told = await call("mmpaymkttransfers.gettransferinfo", { partner_trade_no: "axiostransfer1" });
  assert.deepEqual([told.status, told.detail_id], ["SUCCESS", moved.payment_no]);
}

export async function newer_simulation_system(world) {
  const asked = await shop(world).call("xdc.apiv2getsignkey.sign.getsignkey", {});
  const { call, refused } = shop(world, asked.sandbox_signkey);
  const pay = { body: BODY, out_trade_no: "axios-case-1", total_fee: "1", auth_code: "120061098828009406" };
  assert.equal((await call("xdc.apiv2sandbox.pay.micropay", pay)).total_fee, "1");
  assert.equal((await call("xdc.apiv2sandbox.pay.orderquery", { out_trade_no: "axios-case-1" })).trade_state, "SUCCESS");
  const text = await refused("xdc.apiv2sandbox.pay.micropay", { ...pay, out_trade_no: "axios-case-2", total_fee: "888" });
  assert.match(text, /888/);
  const slow = { ...pay, out_trade_no: "axios-case-3" };
  const header = (name) => ({ headers: { "Wechatpay-Negative-Test": name } });
  await assert.rejects(call("xdc.apiv2sandbox.pay.micropay", slow, { ...header("MICROPAY_TIMEOUT"), timeout: 400 }));
  assert.equal((await call("xdc.apiv2sandbox.pay.orderquery", { out_trade_no: "axios-case-3" })).trade_state, "SUCCESS");
}

export async function client_parameters(world) {
  const { Hash } = world.require("wechatpay-axios-plugin");
  const { call, appid } = shop(world);
  const { prepay_id } = await call("pay.unifiedorder", ordered(world, "axios-page", { trade_type: "JSAPI", openid: OPENID }));
  const said = { appId: appid, timeStamp: "1767323045", nonceStr: "n", package: `prepay_id=${prepay_id}`, signType: "HMAC-SHA256" };
  world.called("Hash.sign");
  said.paySign = Hash.sign(said.signType, { ...said }, world.text("wechatpay/apiv2_key").trim());
  const opened = await world.control("/qr", { qr_code: JSON.stringify(said), action: "pay" });
  assert.equal(opened.out_trade_no, "axios-page");
}
