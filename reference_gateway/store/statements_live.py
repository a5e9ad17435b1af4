"""
The SQL of the live rooms, as constants; the same manners as the other statements.
"""

from __future__ import annotations

from sqlalchemy import TextClause, text

from reference_gateway.store import tables_live as tables
from reference_gateway.store.statements import claim_of, unnest_of

_ROOM = {
    "id": "text",
    "app_id": "text",
    "streamer_id": "text",
    "title": "text",
    "fee_basis_points": "integer",
    "open": "boolean",
    "created_at": "timestamptz",
}
_GOOD = {
    "id": "text",
    "app_id": "text",
    "name": "text",
    "price_fen": "bigint",
    "available": "bigint",
    "reserved": "bigint",
    "sold": "bigint",
    "created_at": "timestamptz",
}
_STOCK_ORDER = {"payment_id": "text", "good_id": "text", "quantity": "bigint", "status": "text"}
_LOGISTICS = {"payment_id": "text", "carrier": "text", "tracking_no": "text", "shipped_at": "timestamptz"}
_PACKET = {
    "id": "text",
    "app_id": "text",
    "packet_no": "text",
    "room_id": "text",
    "buyer_id": "text",
    "amount_fen": "bigint",
    "count": "integer",
    "request_digest": "text",
    "created_at": "timestamptz",
    "status": "text",
    "payment_id": "text",
    "claimed_fen": "bigint",
    "claimed_count": "integer",
    "expires_at": "timestamptz",
    "poll_at": "timestamptz",
}
_SHARE = {
    "packet_id": "text",
    "n": "integer",
    "amount_fen": "bigint",
    "claimant": "text",
    "claimed_at": "timestamptz",
}
_PAYOUT = {
    "id": "text",
    "app_id": "text",
    "merchant_payout_no": "text",
    "out_payout_no": "text",
    "payment_id": "text",
    "packet_id": "text",
    "claimant": "text",
    "channel": "text",
    "account": "text",
    "account_name": "text",
    "amount_fen": "bigint",
    "created_at": "timestamptz",
    "status": "text",
    "failure_code": "text",
    "channel_payout_no": "text",
    "finished_at": "timestamptz",
    "poll_at": "timestamptz",
    "poll_rung": "integer",
}
ROOM, GOOD, STOCK_ORDER, LOGISTICS = tuple(_ROOM), tuple(_GOOD), tuple(_STOCK_ORDER), tuple(_LOGISTICS)
PACKET, SHARE, PAYOUT = tuple(_PACKET), tuple(_SHARE), tuple(_PAYOUT)

_TABLES = (
    (tables.rooms, ROOM),
    (tables.goods, GOOD),
    (tables.stock_orders, STOCK_ORDER),
    (tables.logistics, LOGISTICS),
    (tables.red_packets, PACKET),
    (tables.red_packet_shares, SHARE),
    (tables.payouts, PAYOUT),
)
assert all(tuple(column.name for column in table.columns) == names for table, names in _TABLES)


def _insert(table: str, types: dict[str, str], *, order: str, new_by: str = "") -> TextClause:
    """Insert a batch in order of its key; with *new_by*, what is there already is left as it is."""
    new = f"ON CONFLICT ON CONSTRAINT {new_by} DO NOTHING RETURNING {next(iter(types))}" if new_by else ""
    columns = ", ".join(types)
    return text(f"INSERT INTO {table} ({columns}) SELECT * FROM {unnest_of(**types)} ORDER BY {order} {new}")  # noqa: S608


def _update(table: str, types: dict[str, str], *keys: str, fields: tuple[str, ...]) -> TextClause:
    """Write *fields* of the rows that *keys* name."""
    kept = {name: types[name] for name in (*keys, *fields)}
    told = ", ".join(f"{name} = given.{name}" for name in fields)
    where = " AND ".join(f"t.{key} = given.{key}" for key in keys)
    return text(f"UPDATE {table} AS t SET {told} FROM {unnest_of(**kept)} WHERE {where}")  # noqa: S608


def _by_ids(table: str, types: dict[str, str], key: str, tail: str) -> TextClause:
    return text(f"SELECT {', '.join(types)} FROM {table} WHERE {key} = ANY(CAST(:ids AS text[])) {tail}")  # noqa: S608


INSERT_ROOMS = _insert("rooms", _ROOM, order="id", new_by="rooms_pkey")
ROOMS = _by_ids("rooms", _ROOM, "id", "")
SAVED_ROOM = ("open", "title", "fee_basis_points")
SAVE_ROOM = _update("rooms", _ROOM, "id", fields=SAVED_ROOM)

INSERT_GOODS = _insert("goods", _GOOD, order="id", new_by="goods_pkey")
GOODS = _by_ids("goods", _GOOD, "id", "")
LOCK_GOODS = _by_ids("goods", _GOOD, "id", "ORDER BY id FOR NO KEY UPDATE")
SAVED_GOOD = ("available", "reserved", "sold")
SAVE_GOODS = _update("goods", _GOOD, "id", fields=SAVED_GOOD)
INSERT_STOCK_ORDERS = _insert("stock_orders", _STOCK_ORDER, order="payment_id")
STOCK_ORDERS = _by_ids("stock_orders", _STOCK_ORDER, "payment_id", "")
SAVE_STOCK_ORDERS = _update("stock_orders", _STOCK_ORDER, "payment_id", fields=("status",))
INSERT_LOGISTICS = _insert("logistics", _LOGISTICS, order="payment_id", new_by="logistics_pkey")
LOGISTICS_OF = _by_ids("logistics", _LOGISTICS, "payment_id", "")

INSERT_PACKETS = _insert("red_packets", _PACKET, order="app_id, packet_no", new_by="red_packets_no_key")
PACKETS = _by_ids("red_packets", _PACKET, "id", "")
LOCK_PACKETS = _by_ids("red_packets", _PACKET, "id", "ORDER BY id FOR NO KEY UPDATE")
PACKETS_BY_NO = text(
    f"""
    SELECT {", ".join(f"t.{name}" for name in PACKET)} FROM red_packets AS t
    JOIN {unnest_of(app_id="text", packet_no="text")} USING (app_id, packet_no)
    """  # noqa: S608 (made of constants)
)
SAVED_PACKET = ("status", "payment_id", "claimed_fen", "claimed_count", "expires_at", "poll_at")
SAVE_PACKETS = _update("red_packets", _PACKET, "id", fields=SAVED_PACKET)
CLAIM_PACKETS = claim_of("red_packets", "p", ", ".join(_PACKET))
INSERT_SHARES = _insert("red_packet_shares", _SHARE, order="packet_id, n")
SHARES = _by_ids("red_packet_shares", _SHARE, "packet_id", "ORDER BY packet_id, n")
SAVE_SHARES = _update("red_packet_shares", _SHARE, "packet_id", "n", fields=("claimant", "claimed_at"))

INSERT_PAYOUTS = _insert("payouts", _PAYOUT, order="app_id, merchant_payout_no", new_by="payouts_no_key")
PAYOUTS = _by_ids("payouts", _PAYOUT, "id", "")
LOCK_PAYOUTS = _by_ids("payouts", _PAYOUT, "id", "ORDER BY id FOR NO KEY UPDATE")
PAYOUT_BY_NO = text(
    f"SELECT {', '.join(PAYOUT)} FROM payouts WHERE app_id = :app_id AND merchant_payout_no = :number"  # noqa: S608
)
SAVED_PAYOUT = ("status", "failure_code", "channel_payout_no", "finished_at", "poll_at", "poll_rung")
SAVE_PAYOUTS = _update("payouts", _PAYOUT, "id", fields=SAVED_PAYOUT)
HURRY_PAYOUTS = text(
    """
    UPDATE payouts SET poll_at = :now
    WHERE id = ANY(ARRAY(
        SELECT id FROM payouts
        WHERE out_payout_no = ANY(CAST(:numbers AS text[])) AND poll_at IS NOT NULL
        ORDER BY id FOR NO KEY UPDATE
    ))
    """
)
CLAIM_PAYOUTS = claim_of("payouts", "p", ", ".join(_PAYOUT))
