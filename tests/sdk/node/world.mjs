// What a step has around it: the counterpart of kit/world.py in JavaScript.
// The SDK is not touched: clients are watched from outside.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const WAIT_MS = 25_000;

/** One simulator, started for this SDK alone. */
export class World {
  #told;
  #called = new Set();

  constructor(told) {
    this.#told = told;
    this.require = createRequire(join(told.modules, "world.cjs"));
  }

  /** The provider's own port, without a slash at the end. */
  url(provider) {
    return this.#told.urls[provider];
  }

  /** A file of the credentials, such as `alipay/app_id`. */
  path(name) {
    return join(this.#told.credentials_dir, name);
  }

  text(name) {
    return readFileSync(this.path(name), "utf8");
  }

  get proxyUrl() {
    return this.#told.proxy_url;
  }

  /** An address of this step's own: the tag keeps its notifies apart from others'. */
  notifyUrl(provider, tag) {
    return `${this.#told.desk_url}/notify/${provider}/${tag}`;
  }

  /** The next notify that came to that address; waits for it. `form` is its body form-decoded, and nothing more. */
  async notify(provider, tag) {
    const told = await this.#call(`${this.#told.desk_url}/next/${provider}/${tag}`);
    const body = Buffer.from(told.body_base64, "base64");
    return { ...told, body, form: Object.fromEntries(new URLSearchParams(body.toString("latin1"))) };
  }

  /** A call of the control API: GET, or POST where there is a body. */
  control(path, body, method) {
    return this.#call(`${this.#told.control_url}/control/v1${path}`, body, method);
  }

  /** The buyer acts on an order. */
  buyer(provider, order, action = "pay") {
    return this.control(`/trades/${provider}/${order}/buyer`, { action });
  }

  /** Let two days pass, so that bills are there; gives the Beijing day that it was. */
  async nextDay() {
    const { schedule_at } = await this.control("/clock");
    await this.control("/clock/advance", { seconds: 2 * 86_400 });
    return new Date(Date.parse(schedule_at) + 8 * 3_600_000).toISOString().slice(0, 10);
  }

  /**
   * The same object, whose method calls count as driven: `watch(client, "AlipaySdk")`.
   * Where one method makes every call, `about` names the API: "AlipaySdk.exec alipay.trade.pay" counts as well.
   */
  watch(object, name, about = () => "") {
    return new Proxy(object, {
      get: (target, key) => {
        const value = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...given) => {
          const method = `${name}.${String(key)}`;
          this.called(method);
          const api = about(key, given);
          if (api) this.called(`${method} ${api}`);
          return value.apply(target, given);
        };
      },
    });
  }

  /** Say that a function that belongs to no object was called. */
  called(name) {
    this.#called.add(name);
  }

  takeCalled() {
    const called = [...this.#called].sort();
    this.#called.clear();
    return called;
  }

  async #call(url, body, method = body === undefined ? "GET" : "POST") {
    const answer = await fetch(url, {
      method,
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(WAIT_MS),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${url}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }
}

/** The public methods of a class, as `Name.method`. */
export function publicOf(type, name) {
  const own = Object.entries(Object.getOwnPropertyDescriptors(type.prototype));
  const methods = own.filter(([key, { value }]) => typeof value === "function" && key !== "constructor");
  return methods.filter(([key]) => !key.startsWith("_")).map(([key]) => `${name}.${key}`);
}
