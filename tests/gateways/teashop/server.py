"""
A tea shop's payments: one blocking program, SQLite, Alipay through the community's SDK, an API of its own shape.

Everything that was begun is finished by one loop that looks what is open; nothing is believed but signed answers.
Run as `python server.py PORT DATABASE`; the rest comes from TEASHOP_ variables.
"""

import json
import logging
import os
import sqlite3
import sys
import threading
import time
import urllib.request
from decimal import Decimal
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from alipay.utils import AliPayConfig

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders(
  id INTEGER PRIMARY KEY, no TEXT UNIQUE, cents INTEGER, title TEXT, state TEXT DEFAULT 'WAIT', trade TEXT,
  qr TEXT, tries INTEGER DEFAULT 0, next REAL DEFAULT 0, unwanted INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS credits(order_id INTEGER PRIMARY KEY, cents INTEGER);
CREATE TABLE IF NOT EXISTS refunds(
  id INTEGER PRIMARY KEY, order_id INTEGER, no TEXT, cents INTEGER, state TEXT DEFAULT 'DOING', next REAL DEFAULT 0,
  UNIQUE(order_id, no));
CREATE TABLE IF NOT EXISTS news(id INTEGER PRIMARY KEY, body TEXT, told INTEGER DEFAULT 0);
"""
PAID = {"TRADE_SUCCESS", "TRADE_FINISHED"}
# What these mean nobody knows; everything else that Alipay refuses is a no.
DOUBT = {"ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "AQC.SYSTEM_ERROR", "ACQ.TRADE_HAS_SUCCESS"}
# Whatever comes back instead of a signed answer: the SDK has no common ancestor for these.
NO_ANSWER = (
    AliPayException, AliPayValidationError, OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError,
)  # fmt: skip
LADDER_S = (0.3, 0.6, 1.2, 2.5, 5, 10, 30, 60)
CALL_S = 2


class Shop:
    """The books and the way to Alipay."""

    def __init__(self, file: str, port: int) -> None:
        folder = os.environ["TEASHOP_KEYS"]
        self.app_id, self.seller_id = self._read(folder, "app_id"), self._read(folder, "seller_id")
        self.alipay = AliPay(
            appid=self.app_id,
            app_notify_url=f"http://127.0.0.1:{port}/hooks/alipay",
            app_private_key_string=self._read(folder, "app_private_key.pkcs1.pem"),
            alipay_public_key_string=self._read(folder, "alipay_public_key.pem"),
            sign_type="RSA2",
            config=AliPayConfig(timeout=CALL_S),
        )
        self.alipay._gateway = os.environ["TEASHOP_ALIPAY"]
        self.platform = os.environ["TEASHOP_PLATFORM"]
        self.lock = threading.RLock()
        self.db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.executescript(SCHEMA)

    @staticmethod
    def _read(folder: str, name: str) -> str:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return file.read().strip() if name.endswith("_id") else file.read()

    # Orders

    def order(self, no: str, cents: int, title: str) -> dict:
        if cents < 1:
            return {"code": 40002, "message": "an order is over a cent at least"}
        with self.lock:
            self.write("INSERT OR IGNORE INTO orders(no, cents, title) VALUES(?, ?, ?)", no, cents, title)
            row = self.one("SELECT * FROM orders WHERE no=?", no)
        if row["cents"] != cents:
            return {"code": 40901, "message": "that number is taken"}
        if row["qr"] is None and row["state"] == "WAIT":
            self.open(row)
        return self.shown(row["id"])

    def open(self, row: sqlite3.Row) -> None:
        """Ask for a QR code; what went wrong is tried again under the same number."""
        answer = self.call(
            lambda: self.alipay.api_alipay_trade_precreate(
                out_trade_no=self.number(row), total_amount=yuan(row["cents"]), subject=row["title"]
            )
        )
        if answer and answer.get("code") == "10000" and answer.get("qr_code"):
            self.write("UPDATE orders SET qr=? WHERE id=?", answer["qr_code"], row["id"])

    def ask(self, row: sqlite3.Row) -> None:
        answer = self.call(lambda: self.alipay.api_alipay_trade_query(out_trade_no=self.number(row)))
        if answer is None:
            return
        if answer.get("sub_code") == "ACQ.TRADE_NOT_EXIST" and row["qr"] is None and not row["unwanted"]:
            self.open(row)
        # A trade that was paid and given back whole is closed, and tells when it was paid.
        paid = answer.get("trade_status") in PAID or bool(answer.get("send_pay_date"))
        ours = answer.get("code") == "10000" and answer.get("out_trade_no") == self.number(row)
        if ours and paid and same(answer.get("total_amount"), row["cents"]):
            self.paid(row, answer["trade_no"])

    def close(self, order_id: int) -> None:
        """Taken back at Alipay first: what was never scanned can then not be paid either. In doubt the loop goes on."""
        self.write("UPDATE orders SET unwanted=1, next=0, tries=0 WHERE id=? AND unwanted=0", order_id)
        row = self.one("SELECT * FROM orders WHERE id=?", order_id)
        if row is None or row["state"] != "WAIT":
            return
        self.ask(row)
        row = self.one("SELECT * FROM orders WHERE id=?", order_id)
        if row["state"] != "WAIT":
            return
        answer = self.call(lambda: self.alipay.api_alipay_trade_cancel(out_trade_no=self.number(row)))
        if not answer or answer.get("code") != "10000":
            return
        if answer.get("action") == "refund":
            self.ask(row)
            return
        self.write("UPDATE orders SET state='DEAD' WHERE id=? AND state='WAIT'", order_id)

    def paid(self, row: sqlite3.Row, trade: str) -> None:
        with self.lock:
            self.write("BEGIN IMMEDIATE")
            try:
                # Money that comes after the end opens the order again.
                if self.write("UPDATE orders SET state='PAID', trade=? WHERE id=? AND state!='PAID'", trade, row["id"]):
                    self.write("INSERT INTO credits VALUES(?, ?)", row["id"], row["cents"])
                    self.say({"what": "paid", "order": row["no"], "cents": row["cents"]})
            except sqlite3.Error:
                self.write("ROLLBACK")
                raise
            self.write("COMMIT")

    def notified(self, body: bytes) -> bool:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        signature = fields.pop("sign", "")
        if not self.genuine(fields, signature):
            return False
        number = fields.get("out_trade_no", "")
        row = self.one("SELECT * FROM orders WHERE id=?", number.removeprefix("TS").partition("n")[0])
        if row is not None and self.number(row) != number:
            row = None
        ours = fields.get("app_id") == self.app_id and fields.get("seller_id") == self.seller_id
        if row is None or not ours or not same(fields.get("total_amount"), row["cents"]):
            return False
        if fields.get("trade_status") in PAID and "gmt_refund" not in fields and "refund_fee" not in fields:
            self.paid(row, fields["trade_no"])
        return True

    def genuine(self, fields: dict, signature: str) -> bool:
        try:
            return bool(signature) and bool(self.alipay.verify(dict(fields), signature))
        except (AliPayException, AliPayValidationError, ValueError, TypeError):
            return False

    # Refunds

    def refund(self, order_id: int, no: str, cents: int) -> dict:
        with self.lock:
            row = self.one("SELECT * FROM orders WHERE id=?", order_id)
            known = self.one("SELECT * FROM refunds WHERE order_id=? AND no=?", order_id, no)
            if known is None:
                gone = self.one(
                    "SELECT coalesce(sum(cents), 0) AS s FROM refunds WHERE order_id=? AND state!='NO'", order_id
                )
                if row is None or row["state"] != "PAID" or cents < 1 or gone["s"] + cents > row["cents"]:
                    return {"code": 40010, "message": "that much is not there"}
                # The loop leaves it alone while this thread makes the first try.
                later = time.monotonic() + CALL_S
                self.write(
                    "INSERT INTO refunds(order_id, no, cents, next) VALUES(?, ?, ?, ?)", order_id, no, cents, later
                )
                known = self.one("SELECT * FROM refunds WHERE order_id=? AND no=?", order_id, no)
            elif known["cents"] != cents:
                return {"code": 40902, "message": "that number is taken"}
            else:
                return self.refund_shown(known["id"])
        self.give_back(known, row)
        return self.refund_shown(known["id"])

    def give_back(self, refund: sqlite3.Row, order: sqlite3.Row) -> None:
        """One try under the refund's own number; a doubt stays a doubt until Alipay says how it went."""
        number, request = self.number(order), f"TSR{refund['id']}"
        answer = self.call(
            lambda: self.alipay.api_alipay_trade_refund(
                out_trade_no=number, refund_amount=yuan(refund["cents"]), out_request_no=request
            )
        )
        code = (answer or {}).get("sub_code", "")
        if answer and answer.get("code") == "40004" and code.startswith("ACQ.") and code not in DOUBT:
            self.end(refund, order, "NO")
            return
        told = self.call(
            lambda: self.alipay.api_alipay_trade_fastpay_refund_query(out_request_no=request, out_trade_no=number)
        )
        if not told or told.get("code") != "10000" or told.get("refund_status") != "REFUND_SUCCESS":
            return
        # An answer about another refund is none, whoever signed it.
        ours = (number, request, Decimal(yuan(refund["cents"])))
        if (told.get("out_trade_no"), told.get("out_request_no"), Decimal(told.get("refund_amount", "0"))) == ours:
            self.end(refund, order, "DONE")

    def end(self, refund: sqlite3.Row, order: sqlite3.Row, state: str) -> None:
        with self.lock:
            self.write("BEGIN IMMEDIATE")
            done = self.write("UPDATE refunds SET state=? WHERE id=? AND state='DOING'", state, refund["id"])
            if done and state == "DONE":
                self.say({"what": "refunded", "order": order["no"], "cents": order["cents"], "back": refund["cents"]})
            self.write("COMMIT")

    # What is shown

    def shown(self, order_id: int) -> dict:
        row = self.one("SELECT * FROM orders WHERE id=?", order_id)
        if row is None:
            return {"code": 40400, "message": "no such order"}
        back = self.one("SELECT coalesce(sum(cents), 0) AS s FROM refunds WHERE order_id=? AND state='DONE'", order_id)
        count = self.one("SELECT count(*) AS n FROM credits WHERE order_id=?", order_id)
        order = {name: row[name] for name in ("id", "no", "cents", "state", "trade", "qr")}
        return {"code": 0, "order": {**order, "number": self.number(row), "back": back["s"], "credits": count["n"]}}

    def refund_shown(self, refund_id: int) -> dict:
        row = self.one("SELECT * FROM refunds WHERE id=?", refund_id)
        return {"code": 0, "refund": {name: row[name] for name in ("id", "no", "cents", "state")}}

    # The loop that finishes things

    def loop(self) -> None:
        while True:
            now = time.monotonic()
            for row in self.all("SELECT * FROM orders WHERE state='WAIT' AND next<=?", now):
                wait_s = LADDER_S[min(row["tries"], len(LADDER_S) - 1)]
                self.write("UPDATE orders SET tries=tries+1, next=? WHERE id=?", now + wait_s, row["id"])
                self.close(row["id"]) if row["unwanted"] else self.ask(row)
            for row in self.all("SELECT * FROM refunds WHERE state='DOING' AND next<=?", now):
                self.write("UPDATE refunds SET next=? WHERE id=?", now + 0.5, row["id"])
                self.give_back(row, self.one("SELECT * FROM orders WHERE id=?", row["order_id"]))
            for row in self.all("SELECT * FROM news WHERE told=0"):
                self.tell(row)
            time.sleep(0.05)

    def restart(self) -> None:
        """Whatever was open when the shop closed is looked at now."""
        self.write("UPDATE orders SET next=0, tries=0")
        self.write("UPDATE refunds SET next=0")

    def say(self, news: dict) -> None:
        self.write("INSERT INTO news(body) VALUES(?)", json.dumps(news))

    def tell(self, row: sqlite3.Row) -> None:
        body = {"event": f"news-{row['id']}", **json.loads(row["body"])}
        request = urllib.request.Request(  # noqa: S310  the address is ours
            self.platform, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    self.write("UPDATE news SET told=1 WHERE id=?", row["id"])
        except (OSError, HTTPException):
            return

    def call(self, ask):
        """A signed answer, or None: nobody knows then."""
        try:
            return ask()
        except NO_ANSWER as error:
            logging.warning("no answer that counts: %s", type(error).__name__)
            return None

    @staticmethod
    def number(row: sqlite3.Row) -> str:
        return f"TS{row['id']}n{row['no'].replace('-', '')}"

    def write(self, sql: str, *values) -> int:
        """
        How many rows it changed. Under the lock, for on one connection the count is the last statement's, whoever's.
        """
        with self.lock:
            return self.db.execute(sql, values).rowcount

    def one(self, sql: str, *values):
        rows = self.all(sql, *values)
        return rows[0] if rows else None

    def all(self, sql: str, *values) -> list:
        with self.lock:
            cursor = self.db.cursor()
            cursor.row_factory = sqlite3.Row
            return cursor.execute(sql, values).fetchall()


def same(amount: str | None, cents: int) -> bool:
    """9.9 and 9.90 are the same amount."""
    return amount is not None and Decimal(amount) * 100 == cents


def yuan(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


class Handler(BaseHTTPRequestHandler):
    """The shop's API; `shop` is set before it serves."""

    protocol_version = "HTTP/1.1"
    shop: Shop

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        if parts == [""]:
            self.answer({"code": 0})
        elif parts[:2] == ["v2", "orders"] and len(parts) == 3:
            self.answer(self.shop.shown(int(parts[2])))
        elif parts[:2] == ["v2", "orders"] and parts[3:4] == ["refunds"] and len(parts) == 5:
            self.answer(self.shop.refund_shown(int(parts[4])))
        else:
            self.answer({"code": 40400}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = self.path.strip("/").split("/")
        if parts == ["hooks", "alipay"]:
            good = self.shop.notified(body)
            self.answer_text("success" if good else "failure")
            return
        said = json.loads(body or b"{}")
        if parts == ["v2", "orders"]:
            self.answer(self.shop.order(said["no"], said["cents"], said["title"]))
        elif parts[:2] == ["v2", "orders"] and parts[3:] == ["check"]:
            self.shop.ask(self.shop.one("SELECT * FROM orders WHERE id=?", int(parts[2])))
            self.answer(self.shop.shown(int(parts[2])))
        elif parts[:2] == ["v2", "orders"] and parts[3:] == ["end"]:
            self.shop.close(int(parts[2]))
            self.answer(self.shop.shown(int(parts[2])))
        elif parts[:2] == ["v2", "orders"] and parts[3:] == ["refunds"]:
            self.answer(self.shop.refund(int(parts[2]), said["no"], said["cents"]))
        else:
            self.answer({"code": 40400}, 404)

    def answer(self, said: dict, status: int = 200) -> None:
        self.answer_text(json.dumps(said), status, "application/json")

    def answer_text(self, text: str, status: int = 200, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """The books say enough."""


def main(port: int, file: str) -> None:
    Handler.shop = Shop(file, port)
    Handler.shop.restart()
    threading.Thread(target=Handler.shop.loop, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
