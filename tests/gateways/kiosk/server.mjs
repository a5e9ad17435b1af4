// A kiosk's payments: Node, one file, a journal of JSON lines, Alipay and WeChat Pay through their npm SDKs.
// Run as `node server.mjs PORT JOURNAL`; the rest comes from KIOSK_ variables.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { createVerify } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const [port, journal] = process.argv.slice(2);
const { KIOSK_SDK, KIOSK_KEYS, KIOSK_ALIPAY, KIOSK_WECHATPAY, KIOSK_PLATFORM } = process.env;
const load = createRequire(join(KIOSK_SDK, "kiosk.cjs"));
const { AlipaySdk } = load("alipay-sdk");
const { Wechatpay, Rsa, Formatter, Aes } = load("wechatpay-axios-plugin");
const key = (name) => readFileSync(join(KIOSK_KEYS, name), "utf8").trim();
const hook = (way) => `http://127.0.0.1:${port}/hear/${way}`;
const yuan = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
const LADDER_MS = [200, 300, 500, 1000, 2000, 4000, 8000, 15000, 30000];
const CALL_MS = 2000;

// The book: what the journal's whole lines add up to.

const orders = new Map();
const told = new Set();

const happen = {
  order: ({ id, fen, title, way }) => orders.set(id, { id, fen, title, way, state: "new", qr: "", trade: "", refunds: new Map() }),
  qr: ({ id, qr }) => Object.assign(orders.get(id), { qr }),
  paid: ({ id, trade }) => Object.assign(orders.get(id), { state: "paid", trade }),
  unwanted: ({ id }) => Object.assign(orders.get(id), { unwanted: true }),
  ended: ({ id }) => Object.assign(orders.get(id), { state: "ended" }),
  refund: ({ id, no, fen }) => orders.get(id).refunds.set(no, { no, fen, state: "doing" }),
  refunded: ({ id, no }) => Object.assign(orders.get(id).refunds.get(no), { state: "done" }),
  unrefunded: ({ id, no }) => Object.assign(orders.get(id).refunds.get(no), { state: "failed" }),
  told: ({ event }) => told.add(event),
};

const text = existsSync(journal) ? readFileSync(journal, "utf8") : "";
const whole = text.slice(0, text.lastIndexOf("\n") + 1);
for (const line of whole.split("\n").filter(Boolean)) {
  const { kind, ...more } = JSON.parse(line);
  happen[kind](more);
}
// Half a line at the end never happened.
if (whole.length < text.length) truncateSync(journal, Buffer.byteLength(whole));
const file = openSync(journal, "a");

/** Writes down that something happened; it has happened only when this returns. */
function add(kind, more) {
  writeSync(file, `${JSON.stringify({ kind, ...more })}\n`);
  fsyncSync(file);
  happen[kind](more);
}

// The ways to pay. Each opens, asks, closes, refunds; what throws is unclear, and asked again under the same number.

const number = (order) => `K${order.id.replaceAll("-", "")}`;

/** An answer about another refund is none, whoever signed it. */
function about(ours) {
  if (!ours) throw new Error("an answer about another refund");
}

function alipay() {
  const [appId, sellerId] = [key("alipay/app_id"), key("alipay/seller_id")];
  const sdk = new AlipaySdk({
    appId,
    privateKey: key("alipay/app_private_key.pkcs1.pem"),
    alipayPublicKey: key("alipay/alipay_public_key.pem"),
    gateway: `${KIOSK_ALIPAY}/gateway.do`,
    timeout: CALL_MS,
  });
  const platform = key("alipay/alipay_public_key.pem");
  const call = (method, bizContent, more = {}) => sdk.exec(`alipay.trade.${method}`, { bizContent, ...more }, { validateSign: true });
  const sure = (answer, ...codes) => {
    if (answer.code !== "10000" && !codes.includes(answer.subCode)) throw new Error(answer.subCode ?? answer.code);
    return answer;
  };
  return {
    async open(order) {
      const said = { out_trade_no: number(order), total_amount: yuan(order.fen), subject: order.title };
      return sure(await call("precreate", said, { notifyUrl: hook("alipay") })).qrCode;
    },
    async ask(order) {
      const answer = sure(await call("query", { out_trade_no: number(order) }), "ACQ.TRADE_NOT_EXIST");
      const paid = ["TRADE_SUCCESS", "TRADE_FINISHED"].includes(answer.tradeStatus) || Boolean(answer.sendPayDate);
      if (paid && answer.outTradeNo !== number(order)) throw new Error("an answer about another order");
      return { paid: paid && answer.totalAmount === yuan(order.fen), trade: answer.tradeNo ?? "" };
    },
    async close(order) {
      // Unscanned, there is nothing yet to close: cancelling makes sure that there never will be.
      const answer = sure(await call("cancel", { out_trade_no: number(order) }));
      if (answer.action === "refund") throw new Error("it was paid, and went back");
    },
    async refund(order, refund) {
      const said = { out_trade_no: number(order), refund_amount: yuan(refund.fen), out_request_no: refund.no };
      sure(await call("refund", said));
      const answer = sure(await call("fastpay.refund.query", { out_trade_no: number(order), out_request_no: refund.no }));
      if (answer.refundStatus !== "REFUND_SUCCESS") return "doing";
      about(answer.outRequestNo === refund.no && Math.round(Number(answer.refundAmount) * 100) === refund.fen);
      return "done";
    },
    hear(headers, body) {
      const form = Object.fromEntries(new URLSearchParams(body));
      // The SDK takes the form at its word, by RSA too, and what was signed with sign_type left in.
      const fields = Object.keys(form).filter((name) => name !== "sign" && name !== "sign_type").sort();
      const strict = createVerify("RSA-SHA256").update(fields.map((name) => `${name}=${form[name]}`).join("&"));
      if (form.sign_type !== "RSA2" || !strict.verify(platform, form.sign ?? "", "base64")) throw new Error("forged");
      if (form.app_id !== appId || form.seller_id !== sellerId) throw new Error("somebody else's");
      const paid = form.trade_status === "TRADE_SUCCESS" && !form.gmt_refund && !form.refund_fee;
      return { number: form.out_trade_no, paid, right: (order) => Math.round(Number(form.total_amount) * 100) === order.fen, trade: form.trade_no };
    },
    ack: (good) => [200, good ? "success" : "failure"],
  };
}

function wechatpay() {
  const [mchid, appid] = [key("wechatpay/mchid"), key("wechatpay/appid")];
  const certs = { [key("wechatpay/wechatpay_certificate_serial_no")]: key("wechatpay/wechatpay_certificate.pem") };
  const open = (box) => Aes.AesGcm.decrypt(box.ciphertext, key("wechatpay/apiv3_key"), box.nonce, box.associated_data);
  const [serial, privateKey] = [key("wechatpay/apiclient_serial_no"), key("wechatpay/apiclient_key.pem")];
  const client = () => new Wechatpay({ baseURL: `${KIOSK_WECHATPAY}/`, mchid, serial, privateKey, certs });
  let wxpay = client();
  let asked = -Infinity;
  /** Has the list of certificates fetched, for what names one that is not here; not for each of a crowd of strangers. */
  const learn = async () => {
    if (performance.now() - asked < 200) return;
    asked = performance.now();
    const [nonce, stamp] = [Formatter.nonce(), Formatter.timestamp()];
    const signature = Rsa.sign(Formatter.request("GET", "/v3/certificates", stamp, nonce), privateKey);
    const authorization = Formatter.authorization(mchid, nonce, signature, stamp, serial);
    const headers = { authorization, accept: "application/json", "user-agent": "kiosk" };
    const answer = await fetch(`${KIOSK_WECHATPAY}/v3/certificates`, { headers, signal: AbortSignal.timeout(CALL_MS) });
    // Whoever can encrypt with our own key is the platform; the answer's signature may be by what we do not have yet.
    for (const one of (await answer.json()).data ?? []) certs[one.serial_no] = open(one.encrypt_certificate);
    wxpay = client();
  };
  const wish = () => learn().catch((problem) => console.error("certificates", String(problem)));
  const at = (path) => wxpay.chain(`v3/${path}`);
  const given = { timeout: CALL_MS };
  const trade = (path, order) => at(`pay/transactions/out-trade-no/${number(order)}${path}`);
  const missing = (problem) => {
    if (problem.response?.status !== 404) {
      wish();
      throw problem;
    }
    return { data: {} };
  };
  return {
    async open(order) {
      const said = { appid, mchid, description: order.title, out_trade_no: number(order), notify_url: hook("wechatpay") };
      return (await at("pay/transactions/native").post({ ...said, amount: { total: order.fen, currency: "CNY" } }, given)).data.code_url;
    },
    async ask(order) {
      const { data } = await trade("", order).get({ params: { mchid }, ...given }).catch(missing);
      if (data.trade_state && data.out_trade_no !== number(order)) throw new Error("an answer about another order");
      const paid = ["SUCCESS", "REFUND"].includes(data.trade_state) && data.amount?.total === order.fen;
      return { paid, trade: data.transaction_id ?? "" };
    },
    close: (order) => trade("/close", order).post({ mchid }, given),
    async refund(order, refund) {
      // One number for all refunds of a merchant's there; here each order has its own.
      const no = `${number(order)}-${refund.no}`;
      const { data: known } = await at(`refund/domestic/refunds/${no}`).get(given).catch(missing);
      const amount = { refund: refund.fen, total: order.fen, currency: "CNY" };
      const said = { out_trade_no: number(order), out_refund_no: no, notify_url: hook("wechatpay"), amount };
      const told = known.status ? known : (await at("refund/domestic/refunds").post(said, given)).data;
      about(told.out_refund_no === no && told.amount?.refund === refund.fen);
      return { SUCCESS: "done", CLOSED: "failed" }[told.status] ?? "doing";
    },
    async hear(headers, body) {
      const [stamp, named] = [headers["wechatpay-timestamp"], headers["wechatpay-serial"]];
      if (!stamp || Math.abs(Date.now() / 1000 - Number(stamp)) > 300) throw new Error("stale");
      const signed = Formatter.response(stamp, headers["wechatpay-nonce"], body);
      if (!certs[named]) await wish();
      if (!certs[named] || !Rsa.verify(signed, headers["wechatpay-signature"], certs[named])) throw new Error("forged");
      const said = JSON.parse(open(JSON.parse(body).resource));
      if (said.mchid !== mchid || (said.appid ?? appid) !== appid) throw new Error("somebody else's");
      const right = (order) => said.amount.total === order.fen && said.amount.currency === "CNY";
      return { number: said.out_trade_no, paid: said.trade_state === "SUCCESS", right, trade: said.transaction_id };
    },
    ack: (good) => [good ? 200 : 500, good ? "{}" : '{"code":"FAIL"}'],
  };
}

const ways = { alipay: alipay(), wechatpay: wechatpay() };

// What is done with them. One thread, and everything is looked at again after it was awaited.

const paid = (order, trade) => order.state !== "paid" && add("paid", { id: order.id, trade });

async function look(order) {
  const way = ways[order.way];
  if (!order.qr && order.state === "new" && !order.unwanted) {
    const qr = await way.open(order).catch(() => "");
    if (qr && !order.qr) add("qr", { id: order.id, qr });
  }
  const found = await way.ask(order);
  if (found.paid) paid(order, found.trade);
}

/** The wish is kept, so that whatever goes wrong is tried again. */
async function end(order) {
  if (order.state === "new" && !order.unwanted) add("unwanted", { id: order.id });
  await look(order);
  if (order.state !== "new") return;
  await ways[order.way].close(order);
  await look(order);
  if (order.state === "new") add("ended", { id: order.id });
}

async function giveBack(order, refund) {
  const state = await ways[order.way].refund(order, refund);
  if (state !== "doing" && refund.state === "doing") add(state === "done" ? "refunded" : "unrefunded", { id: order.id, no: refund.no });
}

async function heard(way, headers, body) {
  const said = await ways[way].hear(headers, body);
  const order = [...orders.values()].find((one) => one.way === way && number(one) === said.number);
  if (!order || (said.paid && !said.right(order))) throw new Error("not what was ordered");
  if (said.paid) paid(order, said.trade);
}

async function tell(event, body) {
  const answer = await fetch(KIOSK_PLATFORM, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ event, ...body }),
    signal: AbortSignal.timeout(CALL_MS),
  });
  if (answer.ok && !told.has(event)) add("told", { event });
}

/** What is still to be done, each with a name. */
function* unfinished() {
  for (const order of orders.values()) {
    const { id, fen } = order;
    if (order.state !== "paid") yield [`order ${id}${order.unwanted ? "!" : ""}`, () => (order.unwanted ? end(order) : look(order))];
    else if (!told.has(`${id}:paid`)) yield [`news ${id}`, () => tell(`${id}:paid`, { what: "paid", id, fen })];
    for (const refund of order.refunds.values()) {
      const news = `${id}:${refund.no}`;
      if (refund.state === "doing") yield [`refund ${news}`, () => giveBack(order, refund)];
      else if (refund.state === "done" && !told.has(news)) yield [`news ${news}`, () => tell(news, { what: "refunded", id, fen, back: refund.fen })];
    }
  }
}

const plan = new Map();
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function work() {
  for (;;) {
    const now = performance.now();
    for (const [name, act] of [...unfinished()]) {
      const { due, times, busy } = plan.get(name) ?? { due: 0, times: 0, busy: false };
      if (busy || due > now) continue;
      const next = { due: now + LADDER_MS[Math.min(times, LADDER_MS.length - 1)], times: times + 1, busy: true };
      plan.set(name, next);
      act().catch((problem) => console.error(name, String(problem))).finally(() => { next.busy = false; });
    }
    await sleep(20);
  }
}

// The kiosk's own API.

function shown(order) {
  const back = [...order.refunds.values()].filter((one) => one.state === "done").reduce((sum, one) => sum + one.fen, 0);
  const { id, state, fen, qr, trade } = order;
  return { pay: { id, state, fen, qr, trade, number: number(order), back } };
}

async function answer(request, body) {
  const [, place, id, what, no] = request.url.split("/");
  if (place === "hear") {
    try {
      await heard(id, request.headers, body);
      return ways[id].ack(true);
    } catch (problem) {
      console.error("a notify:", String(problem));
      return ways[id].ack(false);
    }
  }
  if (place !== "pay") return [request.url === "/" ? 200 : 404, {}];
  const said = body ? JSON.parse(body) : {};
  if (!id && !(said.fen >= 1)) return [400, { why: "an order is over a fen at least" }];
  if (!id) {
    if (!orders.has(said.id)) add("order", { id: said.id, fen: said.fen, title: said.title, way: said.way });
    const order = orders.get(said.id);
    if (order.fen !== said.fen) return [409, { why: "that number is taken" }];
    if (!order.qr) await look(order).catch(() => undefined);
    return [200, shown(order)];
  }
  const order = orders.get(decodeURIComponent(id));
  if (!order) return [404, { why: "no such order" }];
  if (what === "look") await look(order).catch(() => undefined);
  if (what === "end") await end(order).catch(() => undefined);
  if (what !== "refunds") return [200, shown(order)];
  const known = order.refunds.get(no ?? said.no);
  if (request.method === "POST" && !known) {
    const gone = [...order.refunds.values()].filter((one) => one.state !== "failed").reduce((sum, one) => sum + one.fen, 0);
    if (order.state !== "paid" || said.fen < 1 || gone + said.fen > order.fen) return [422, { why: "that much is not there" }];
    add("refund", { id: order.id, no: said.no, fen: said.fen });
  } else if (!known) return [404, { why: "no such refund" }];
  else if (request.method === "POST" && known.fen !== said.fen) return [409, { why: "that number is taken" }];
  return [200, { refund: order.refunds.get(no ?? said.no) }];
}

createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", async () => {
    const [status, said] = await answer(request, Buffer.concat(parts).toString()).catch((problem) => [500, { why: String(problem) }]);
    response.writeHead(status, { "content-type": typeof said === "string" ? "text/plain" : "application/json" });
    response.end(typeof said === "string" ? said : JSON.stringify(said));
  });
}).listen(Number(port), "127.0.0.1");

process.on("SIGTERM", () => {
  closeSync(file);
  process.exit(0);
});
work();
