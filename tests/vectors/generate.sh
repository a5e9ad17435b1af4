#!/usr/bin/env bash
# Known answers for Alipay, by openssl, iconv and sed alone: no line of either room takes part.
#   tests/vectors/generate.sh [FOLDER]     writes FOLDER/*.json (default: alipay, beside this script)
# PKCS#1 v1.5 signatures are deterministic, so the same keys give the same files on every machine.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/alipay}
keys=$here/keys
mkdir -p "$out"

# --- tools ---------------------------------------------------------------------------------------------------------
# swap TEXT OLD NEW: the first OLD in TEXT becomes NEW, taken literally whatever the shell's version.
swap() { printf '%s%s%s' "${1%%"$2"*}" "$3" "${1#*"$2"}"; }
json() { printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')"; }
hash_of() { case $1 in RSA2) echo sha256 ;; RSA) echo sha1 ;; esac; }
# sign TYPE KEY TEXT [CHARSET]: base64 of the signature over TEXT, encoded in CHARSET.
sign() { printf '%s' "$3" | iconv -f UTF-8 -t "${4:-UTF-8}" | openssl dgst "-$(hash_of "$1")" -sign "$keys/$2_private_key.pem" | openssl base64 -A; }
form() { printf '%s' "$1" | sed 's/+/%2B/g; s,/,%2F,g; s/=/%3D/g'; }
reason_of() { if [ "$1" = - ]; then printf null; else json "$1"; fi; }
validity() { if [ "$1" = - ]; then printf true; else printf false; fi; }

open_file() { file=$out/$1; first=1; printf '{\n "about": %s,\n "cases": [' "$(json "$2")" >"$file"; }
add() { if [ $first = 1 ]; then first=0; else printf ',' >>"$file"; fi; printf '\n  {\n%s\n  }' "$1" >>"$file"; }
close_file() { printf '\n ]\n}\n' >>"$file"; }
source_of() { json "openssl dgst -$(hash_of "$1") -sign keys/$2_private_key.pem, by generate.sh"; }

# --- requests: the app signs, the provider verifies ----------------------------------------------------------------
# request ID REASON TYPE KEY CANONICAL SIGNED PARAMS [CHARSET]
# WIRE, when set, is the type that the wire names. CANONICAL is what a correct receiver builds from PARAMS; SIGNED is what was signed. REASON is - for a good one.
request() {
  local signature; signature=$(sign "$3" "$4" "$6" "${8:-UTF-8}")
  add "   \"id\": $(json "$1"), \"valid\": $(validity "$2"), \"reason\": $(reason_of "$2"),
   \"source\": $(source_of "$3" "$4"),
   \"sign_type\": $(json "${WIRE:-$3}"), \"charset\": $(json "${8:-UTF-8}"), \"public_key\": \"keys/app_public_key.pem\",
   \"params\": $7,
   \"canonical\": $(json "$5"),
   \"sign\": $(json "$signature")"
}

open_file request_sign.json "The string that a request's signature covers: without sign, without empty values, with sign_type, sorted, joined. Facts: alipay/sign-string, alipay/empty-values"

C='app_id=2021&biz_content={"out_trade_no":"o1"}&charset=utf-8&method=alipay.trade.query&sign_type=RSA2&timestamp=2026-01-02 03:04:05&version=1.0'
P='{"timestamp": "2026-01-02 03:04:05", "app_id": "2021", "method": "alipay.trade.query", "version": "1.0", "charset": "utf-8", "sign_type": "RSA2", "biz_content": "{\"out_trade_no\":\"o1\"}"}'
request the-documented-example - RSA2 app "$C" "$C" "$P"
request signed-by-another-key other-key RSA2 other "$C" "$C" "$P"
request sign-type-dropped sign-type-dropped RSA2 app "$C" "$(swap "$C" '&sign_type=RSA2' '')" "$P"
request order-number-tampered tampered RSA2 app "$C" "$(swap "$C" 'o1' 'o2')" "$P"
request signed-in-order-of-arrival wrong-order RSA2 app "$C" 'timestamp=2026-01-02 03:04:05&app_id=2021&method=alipay.trade.query&version=1.0&charset=utf-8&sign_type=RSA2&biz_content={"out_trade_no":"o1"}' "$P"
request plus-for-space plus-for-space RSA2 app "$C" "$(swap "$C" '02 03' '02+03')" "$P"
request signed-over-escaped-values escaped RSA2 app "$C" 'app_id=2021&biz_content=%7B%22out_trade_no%22%3A%22o1%22%7D&charset=utf-8&method=alipay.trade.query&sign_type=RSA2&timestamp=2026-01-02+03%3A04%3A05&version=1.0' "$P"
WIRE=RSA2 request sha1-under-rsa2 wrong-hash RSA app "$C" "$C" "$P"

C1=$(swap "$C" 'RSA2' 'RSA')
request the-legacy-hash - RSA app "$C1" "$C1" "$(swap "$P" '"RSA2"' '"RSA"')"
request the-legacy-hash-by-another-key other-key RSA other "$C1" "$C1" "$(swap "$P" '"RSA2"' '"RSA"')"

C='app_id=2021&biz_content={"out_trade_no":"o1"}&charset=utf-8&method=alipay.trade.query&sign_type=RSA2&timestamp=2026-01-02 03:04:05&version=1.0'
P='{"app_id": "2021", "biz_content": "{\"out_trade_no\":\"o1\"}", "charset": "utf-8", "method": "alipay.trade.query", "notify_url": "", "return_url": "", "sign_type": "RSA2", "timestamp": "2026-01-02 03:04:05", "version": "1.0"}'
request empties-dropped - RSA2 app "$C" "$C" "$P"
request empties-kept empties-kept RSA2 app "$C" "$(swap "$C" '&sign_type' '&notify_url=&return_url=&sign_type')" "$P"

P='{"app_id": "2021", "biz_content": "{\"out_trade_no\":\"o1\"}", "charset": "utf-8", "method": "alipay.trade.query", "notify_url": "  ", "sign_type": "RSA2", "timestamp": "2026-01-02 03:04:05", "version": "1.0"}'
request blanks-dropped - RSA2 app "$C" "$C" "$P"
request blanks-kept empties-kept RSA2 app "$C" "$(swap "$C" '&sign_type' '&notify_url=  &sign_type')" "$P"

C='app_id=2021&biz_content={"out_trade_no":"o1","refund_amount":"1.00","refund_reason":"50% off & 1+1=2"}&charset=utf-8&method=alipay.trade.refund&sign_type=RSA2&timestamp=2026-01-02 03:04:05&version=1.0'
P='{"app_id": "2021", "biz_content": "{\"out_trade_no\":\"o1\",\"refund_amount\":\"1.00\",\"refund_reason\":\"50% off & 1+1=2\"}", "charset": "utf-8", "method": "alipay.trade.refund", "sign_type": "RSA2", "timestamp": "2026-01-02 03:04:05", "version": "1.0"}'
request separators-inside-values - RSA2 app "$C" "$C" "$P"
request amount-tampered tampered RSA2 app "$C" "$(swap "$C" '1.00' '100.00')" "$P"

C='app_id=2021&biz_content={"subject":"tip%2Bone%20more"}&charset=utf-8&method=alipay.trade.precreate&sign_type=RSA2&timestamp=2026-01-02 03:04:05&version=1.0'
P='{"app_id": "2021", "biz_content": "{\"subject\":\"tip%2Bone%20more\"}", "charset": "utf-8", "method": "alipay.trade.precreate", "sign_type": "RSA2", "timestamp": "2026-01-02 03:04:05", "version": "1.0"}'
request escapes-that-are-text - RSA2 app "$C" "$C" "$P"
request decoded-once-too-often decoded-twice RSA2 app "$C" "$(swap "$C" 'tip%2Bone%20more' 'tip+one more')" "$P"

C='app_id=2021&biz_content={"subject":"打赏 玫瑰🌹"}&charset=utf-8&method=alipay.trade.precreate&sign_type=RSA2&timestamp=2026-01-02 03:04:05&version=1.0'
P='{"app_id": "2021", "biz_content": "{\"subject\":\"打赏 玫瑰🌹\"}", "charset": "utf-8", "method": "alipay.trade.precreate", "sign_type": "RSA2", "timestamp": "2026-01-02 03:04:05", "version": "1.0"}'
request chinese-and-an-emoji - RSA2 app "$C" "$C" "$P"

C='app_id=2021&biz_content={"subject":"打赏"}&charset=GBK&method=alipay.trade.precreate&sign_type=RSA2&timestamp=2026-01-02 03:04:05&version=1.0'
P='{"app_id": "2021", "biz_content": "{\"subject\":\"打赏\"}", "charset": "GBK", "method": "alipay.trade.precreate", "sign_type": "RSA2", "timestamp": "2026-01-02 03:04:05", "version": "1.0"}'
request chinese-in-gbk - RSA2 app "$C" "$C" "$P" GBK

C='app_id=2021&biz_content={}&charset=utf-8&method=alipay.trade.query&sign_type=RSA2&timestamp=2026-01-02 03:04:05&version=1.0&zz_unknown=kept'
P='{"app_id": "2021", "biz_content": "{}", "charset": "utf-8", "method": "alipay.trade.query", "sign_type": "RSA2", "timestamp": "2026-01-02 03:04:05", "version": "1.0", "zz_unknown": "kept"}'
request unknown-parameter - RSA2 app "$C" "$C" "$P"
request unknown-parameter-left-out unknown-dropped RSA2 app "$C" "$(swap "$C" '&zz_unknown=kept' '')" "$P"

C='Zeta=1&alpha=2&app_id=2021&biz_content={}&method=alipay.trade.query&sign_type=RSA2'
P='{"alpha": "2", "Zeta": "1", "app_id": "2021", "biz_content": "{}", "method": "alipay.trade.query", "sign_type": "RSA2"}'
request sorted-by-bytes-not-by-letters - RSA2 app "$C" "$C" "$P"
request sorted-by-letters wrong-order RSA2 app "$C" 'alpha=2&app_id=2021&biz_content={}&method=alipay.trade.query&sign_type=RSA2&Zeta=1' "$P"
close_file

# --- notifies: the provider signs, the gateway verifies ------------------------------------------------------------
# notify ID REASON TYPE KEY CANONICAL SIGNED BODY [CHARSET]; BODY is the form without sign.
notify() {
  local signature; signature=$(sign "$3" "$4" "$6" "${8:-UTF-8}")
  add "   \"id\": $(json "$1"), \"valid\": $(validity "$2"), \"reason\": $(reason_of "$2"),
   \"source\": $(source_of "$3" "$4"),
   \"sign_type\": $(json "${WIRE:-$3}"), \"charset\": $(json "${8:-UTF-8}"), \"public_key\": \"keys/platform_public_key.pem\",
   \"body\": $(json "$7&sign=$(form "$signature")"),
   \"canonical\": $(json "$5"),
   \"sign\": $(json "$signature")"
}

open_file notify_sign.json "The string that a notify's signature covers: without sign and sign_type, decoded once, sorted, joined; and the form as it arrives. Facts: alipay/notify-sign"

C='app_id=2021&charset=utf-8&gmt_payment=2026-01-02 03:04:05&notify_id=2026010200222030405060708090a0b0c0&notify_type=trade_status_sync&out_trade_no=o1&seller_id=2088000000000001&subject=tip pp000001&total_amount=1.00&trade_no=2026010222001400000000000001&trade_status=TRADE_SUCCESS&version=1.0'
B='gmt_payment=2026-01-02+03%3A04%3A05&charset=utf-8&subject=tip+pp000001&trade_no=2026010222001400000000000001&notify_id=2026010200222030405060708090a0b0c0&notify_type=trade_status_sync&total_amount=1.00&trade_status=TRADE_SUCCESS&out_trade_no=o1&seller_id=2088000000000001&app_id=2021&version=1.0&sign_type=RSA2'
notify a-payment - RSA2 platform "$C" "$C" "$B"
notify a-payment-by-the-legacy-hash - RSA platform "$C" "$C" "$(swap "$B" 'RSA2' 'RSA')"
notify signed-by-another-key other-key RSA2 other "$C" "$C" "$B"
notify signed-by-the-app-itself other-key RSA2 app "$C" "$C" "$B"
notify sign-type-kept sign-type-kept RSA2 platform "$C" "$(swap "$C" '&subject' '&sign_type=RSA2&subject')" "$B"
notify amount-tampered tampered RSA2 platform "$C" "$(swap "$C" '1.00' '0.01')" "$B"
notify status-tampered tampered RSA2 platform "$C" "$(swap "$C" 'TRADE_SUCCESS' 'WAIT_BUYER_PAY')" "$B"
notify order-tampered tampered RSA2 platform "$C" "$(swap "$C" 'out_trade_no=o1' 'out_trade_no=o2')" "$B"
notify plus-for-space plus-for-space RSA2 platform "$C" "$(printf '%s' "$C" | sed 's/ /+/g')" "$B"
notify signed-in-order-of-arrival wrong-order RSA2 platform "$C" 'gmt_payment=2026-01-02 03:04:05&charset=utf-8&subject=tip pp000001&trade_no=2026010222001400000000000001&notify_id=2026010200222030405060708090a0b0c0&notify_type=trade_status_sync&total_amount=1.00&trade_status=TRADE_SUCCESS&out_trade_no=o1&seller_id=2088000000000001&app_id=2021&version=1.0' "$B"
WIRE=RSA2 notify sha1-under-rsa2 wrong-hash RSA platform "$C" "$C" "$B"
notify an-extra-field-is-covered - RSA2 platform "a_new_field=x&$C" "a_new_field=x&$C" "$B&a_new_field=x"
notify an-extra-field-not-covered unknown-dropped RSA2 platform "a_new_field=x&$C" "$C" "$B&a_new_field=x"

C='app_id=2021&charset=utf-8&notify_id=n1&out_trade_no=o1&passback_params=room%3D7%26gift%3D%2B1&total_amount=1.00&trade_status=TRADE_SUCCESS&version=1.0'
B='app_id=2021&charset=utf-8&notify_id=n1&out_trade_no=o1&passback_params=room%253D7%2526gift%253D%252B1&total_amount=1.00&trade_status=TRADE_SUCCESS&version=1.0&sign_type=RSA2'
notify passback-still-encoded - RSA2 platform "$C" "$C" "$B"
notify passback-decoded-twice decoded-twice RSA2 platform "$C" "$(swap "$C" 'room%3D7%26gift%3D%2B1' 'room=7&gift=+1')" "$B"

C='app_id=2021&charset=utf-8&fund_bill_list=[{"amount":"1.00","fundChannel":"ALIPAYACCOUNT"}]&notify_id=n1&out_trade_no=o1&subject=打赏 1+1 & "玫瑰🌹"&total_amount=1.00&trade_status=TRADE_SUCCESS'
B='fund_bill_list=%5B%7B%22amount%22%3A%221.00%22%2C%22fundChannel%22%3A%22ALIPAYACCOUNT%22%7D%5D&app_id=2021&charset=utf-8&notify_id=n1&out_trade_no=o1&subject=%E6%89%93%E8%B5%8F+1%2B1+%26+%22%E7%8E%AB%E7%91%B0%F0%9F%8C%B9%22&total_amount=1.00&trade_status=TRADE_SUCCESS&sign_type=RSA2'
notify chinese-quotes-and-an-emoji - RSA2 platform "$C" "$C" "$B"

C='app_id=2021&charset=GBK&notify_id=n1&out_trade_no=o1&subject=打赏&total_amount=1.00&trade_status=TRADE_SUCCESS'
B='app_id=2021&charset=GBK&notify_id=n1&out_trade_no=o1&subject=%B4%F2%C9%CD&total_amount=1.00&trade_status=TRADE_SUCCESS&sign_type=RSA2'
notify chinese-in-gbk - RSA2 platform "$C" "$C" "$B" GBK

C='app_id=2021&body=&charset=utf-8&notify_id=n1&out_trade_no=o1&total_amount=1.00&trade_status=TRADE_SUCCESS'
B='app_id=2021&body=&charset=utf-8&notify_id=n1&out_trade_no=o1&total_amount=1.00&trade_status=TRADE_SUCCESS&sign_type=RSA2'
notify an-empty-value-kept - RSA2 platform "$C" "$C" "$B"
notify an-empty-value-dropped empties-dropped RSA2 platform "$C" "$(swap "$C" 'body=&' '')" "$B"
close_file

# --- synchronous answers: the provider signs a piece of the body, the gateway cuts it out and verifies ---------------
# answer ID REASON TYPE KEY METHOD INNER SIGNED BODY; @SIGN@ in BODY stands for the signature, @INNER@ for the object.
answer() {
  local signature body; signature=$(sign "$3" "$4" "$7")
  body=$(swap "$8" @INNER@ "$6"); body=$(swap "$body" @SIGN@ "$signature")
  add "   \"id\": $(json "$1"), \"valid\": $(validity "$2"), \"reason\": $(reason_of "$2"),
   \"source\": $(source_of "$3" "$4"),
   \"sign_type\": $(json "${WIRE:-$3}"), \"charset\": \"UTF-8\", \"public_key\": \"keys/platform_public_key.pem\",
   \"method\": $(json "$5"),
   \"body\": $(json "$body"),
   \"canonical\": $(json "$6"),
   \"sign\": $(json "$signature")"
}

open_file sync_answer.json "The text that a synchronous answer's signature covers: the object as it stands in the body, braces included. Facts: alipay/sync-sign, alipay/sync-envelope"

M=alipay.trade.query
E='{"alipay_trade_query_response":@INNER@,"sign":"@SIGN@"}'
I='{"code":"10000","msg":"Success","out_trade_no":"o1","total_amount":"1.00","trade_no":"2026010222001400000000000001","trade_status":"TRADE_SUCCESS"}'
answer a-paid-trade - RSA2 platform $M "$I" "$I" "$E"
answer a-paid-trade-by-the-legacy-hash - RSA platform $M "$I" "$I" "$E"
answer signed-by-another-key other-key RSA2 other $M "$I" "$I" "$E"
answer status-tampered tampered RSA2 platform $M "$I" "$(swap "$I" 'TRADE_SUCCESS' 'WAIT_BUYER_PAY')" "$E"
WIRE=RSA2 answer sha1-under-rsa2 wrong-hash RSA platform $M "$I" "$I" "$E"
answer signed-without-braces braces-dropped RSA2 platform $M "$I" "$(printf '%s' "$I" | sed 's/^{//; s/}$//')" "$E"
answer signed-over-the-whole-envelope wrong-span RSA2 platform $M "$I" "{\"alipay_trade_query_response\":$I}" "$E"

I='{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"交易不存在","out_trade_no":"o1"}'
answer a-business-error - RSA2 platform $M "$I" "$I" "$E"

I='{"code":"10000","msg":"Success","qr_code":"https:\/\/qr.alipay.com\/bax000"}'
answer escaped-slashes - RSA2 platform alipay.trade.precreate "$I" "$I" '{"alipay_trade_precreate_response":@INNER@,"sign":"@SIGN@"}'
answer escaped-slashes-signed-unescaped re-serialised RSA2 platform alipay.trade.precreate "$I" "$(printf '%s' "$I" | sed 's,\\/,/,g')" '{"alipay_trade_precreate_response":@INNER@,"sign":"@SIGN@"}'

I='{ "msg" : "Success" , "trade_status" : "TRADE_SUCCESS", "code" : "10000" }'
answer whitespace-and-another-order - RSA2 platform $M "$I" "$I" '{ "alipay_trade_query_response" : @INNER@ , "sign" : "@SIGN@" }'
answer whitespace-signed-compact re-serialised RSA2 platform $M "$I" '{"msg":"Success","trade_status":"TRADE_SUCCESS","code":"10000"}' '{ "alipay_trade_query_response" : @INNER@ , "sign" : "@SIGN@" }'

I='{"code":"10000","msg":"Success","sign":"not the signature","trade_status":"WAIT_BUYER_PAY"}'
answer an-inner-field-called-sign - RSA2 platform $M "$I" "$I" "$E"

I='{"code":"10000","msg":"Success","fund_bill_list":[{"amount":"1.00","fund_channel":"ALIPAYACCOUNT"}],"subject":"打赏 \"玫瑰\" {"}'
answer nested-objects-quotes-and-a-lone-brace - RSA2 platform $M "$I" "$I" "$E"
close_file

# --- OpenAPI v3: lines, each ended by a line feed ----------------------------------------------------------------------
sign_raw() { openssl dgst -sha256 -sign "$keys/$1_private_key.pem" | openssl base64 -A; }
# lines TEXT…: a JSON string of these lines.
lines() { local text= line; for line; do text+="$(printf '%s' "$line" | sed 's/\\/\\\\/g; s/"/\\"/g')\\n"; done; printf '"%s"' "$text"; }
# v3_request ID REASON KEY AUTH METHOD TARGET BODY TOKEN; SIGNED, where set, is what was signed instead, with \n for line feeds.
v3_request() {
  local signature parts=("$4" "$5" "$6" "$7")
  [ -z "$8" ] || parts+=("$8")
  signature=$({ if [ -n "${SIGNED:-}" ]; then printf '%b' "$SIGNED"; else printf '%s\n' "${parts[@]}"; fi; } | sign_raw "$3")
  add "   \"id\": $(json "$1"), \"valid\": $(validity "$2"), \"reason\": $(reason_of "$2"),
   \"source\": $(source_of RSA2 "$3"),
   \"sign_type\": \"RSA2\", \"charset\": \"UTF-8\", \"public_key\": \"keys/app_public_key.pem\",
   \"authorization\": $(json "ALIPAY-SHA256withRSA $4,sign=$signature"),
   \"method\": $(json "$5"), \"target\": $(json "$6"), \"body\": $(json "$7"), \"app_auth_token\": $(json "$8"),
   \"canonical\": $(lines "${parts[@]}"),
   \"sign\": $(json "$signature")"
}

open_file v3_request.json "OpenAPI v3: the text that a request's signature covers: the header's own text, method, target, body, and a token where there is one. Facts: alipay/v3-request"
A='app_id=2021,nonce=5f9fba93-bbb2-40f0-b328-04d5ead3e131,timestamp=1767323045678'; T=/v3/alipay/trade/query; B='{"out_trade_no":"o1"}'
v3_request a-query - app "$A" POST $T "$B" ''
v3_request signed-by-another-key other-key other "$A" POST $T "$B" ''
v3_request fields-in-another-order-and-more - app 'timestamp=1767323045678,nonce=n1,app_id=2021,expired_seconds=600' POST $T "$B" ''
v3_request a-get-has-an-empty-line - app "$A" GET '/v3/alipay/fund/trans/common/query?out_biz_no=a%20b' '' ''
v3_request on-behalf-of-a-merchant - app "$A" POST $T "$B" 201509BBeff9351ad
v3_request chinese-and-an-emoji - app "$A" POST /v3/alipay/trade/precreate '{"subject":"打赏 玫瑰🌹"}' ''
SIGNED="$A\nPOST\n$T\n$B" v3_request last-line-feed-missing wrong-span app "$A" POST $T "$B" ''
SIGNED="$A\npost\n$T\n$B\n" v3_request method-in-small-letters tampered app "$A" POST $T "$B" ''
SIGNED="$A\nPOST\n$T\n{\"out_trade_no\": \"o1\"}\n" v3_request body-written-again re-serialised app "$A" POST $T "$B" ''
SIGNED="$A\nPOST\n$T\n$B\n" v3_request token-not-signed unknown-dropped app "$A" POST $T "$B" 201509BBeff9351ad
close_file

# v3_answer ID REASON KEY TIMESTAMP NONCE BODY; SIGNED as above.
v3_answer() {
  local signature
  signature=$({ if [ -n "${SIGNED:-}" ]; then printf '%b' "$SIGNED"; else printf '%s\n' "$4" "$5" "$6"; fi; } | sign_raw "$3")
  add "   \"id\": $(json "$1"), \"valid\": $(validity "$2"), \"reason\": $(reason_of "$2"),
   \"source\": $(source_of RSA2 "$3"),
   \"sign_type\": \"RSA2\", \"charset\": \"UTF-8\", \"public_key\": \"keys/platform_public_key.pem\",
   \"timestamp\": $(json "$4"), \"nonce\": $(json "$5"), \"body\": $(json "$6"),
   \"canonical\": $(lines "$4" "$5" "$6"),
   \"sign\": $(json "$signature")"
}

open_file v3_answer.json "OpenAPI v3: the text that an answer's signature covers: its timestamp, its nonce, its body. Facts: alipay/v3-response"
B='{"out_trade_no":"o1","trade_status":"TRADE_SUCCESS"}'
v3_answer a-paid-trade - platform 1767323045678 n1 "$B"
v3_answer signed-by-another-key other-key other 1767323045678 n1 "$B"
v3_answer a-refusal - platform 1767323045678 n2 '{"code":"ACQ.TRADE_NOT_EXIST","links":[],"message":"交易不存在"}'
v3_answer ciphertext - platform 1767323045678 n3 'hM7TQ18QF5bhZ+Favk3byWKgW/AzrcUOFrOu1/7m9fg='
SIGNED="1767323045678\nn1\n{\"out_trade_no\":\"o1\",\"trade_status\":\"WAIT_BUYER_PAY\"}\n" v3_answer status-tampered tampered platform 1767323045678 n1 "$B"
SIGNED="1767323045000\nn1\n$B\n" v3_answer another-timestamp tampered platform 1767323045678 n1 "$B"
close_file

# --- certificate serials and encrypted content -----------------------------------------------------------------------
open_file cert_sn.json "Certificate serials: MD5 of the issuer's name in reverse order and the serial number in decimal. Facts: alipay/cert-mode"
issuer='CN=Sim Root CA R1,OU=Cert Auth,O=Sim Financial,C=CN'; serial=2026001122334455667788990011aa; decimal=166924236340643993641810171915145642
add "   \"id\": \"rsa-root\", \"valid\": true, \"reason\": null,
   \"source\": \"observed with python-alipay-sdk 3.4.0 and npm alipay-sdk 4.14.0; made again by openssl dgst -md5, by generate.sh\",
   \"issuer\": $(json "$issuer"), \"serial_hex\": $(json $serial), \"serial_decimal\": $(json $decimal),
   \"sn\": $(json "$(printf '%s%s' "$issuer" $decimal | openssl dgst -md5 -r | cut -d' ' -f1)")"
close_file

open_file aes.json "Encrypted content: AES-128-CBC, IV of zero bytes, PKCS#7, base64. Facts: alipay/aes"
key=MDEyMzQ1Njc4OWFiY2RlZg==; text='{"out_trade_no":"o1"}'
hex=$(printf '%s' $key | openssl base64 -d -A | od -An -tx1 | tr -d ' \n')
add "   \"id\": \"biz-content\", \"valid\": true, \"reason\": null,
   \"source\": \"observed with npm alipay-sdk 4.14.0; made again by openssl enc -aes-128-cbc, by generate.sh\",
   \"key\": $(json $key), \"text\": $(json "$text"),
   \"encrypted\": $(json "$(printf '%s' "$text" | openssl enc -aes-128-cbc -K "$hex" -iv 00000000000000000000000000000000 | openssl base64 -A)")"
close_file
