#!/usr/bin/env bash
# Known answers for WeChat Pay's API v3, by openssl alone: no line of either room takes part.
#   tests/vectors/wechatpay/generate_v3.sh [FOLDER]     writes FOLDER/v3_*_sign.json (default: this folder)
# PKCS#1 v1.5 signatures are deterministic, so the same keys give the same files on every machine. v3_encryption.json is not
# made here: encryption draws, and openssl has no GCM on its command line; each case there says where it comes from.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here}
keys=$here/../keys
mkdir -p "$out"

json() { printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')"; }
reason_of() { if [ "$1" = - ]; then printf null; else json "$1"; fi; }
validity() { if [ "$1" = - ]; then printf true; else printf false; fi; }
# sign HASH KEY TEXT: base64 of the signature over TEXT, in which \n stands for a line feed.
sign() { printf '%b' "$3" | openssl dgst "-$1" -sign "$keys/$2_private_key.pem" | openssl base64 -A; }

open_file() { file=$out/$1; first=1; printf '{\n "about": %s,\n "cases": [' "$(json "$2")" >"$file"; }
add() { if [ $first = 1 ]; then first=0; else printf ',' >>"$file"; fi; printf '\n  {\n%s\n  }' "$1" >>"$file"; }
close_file() { printf '\n ]\n}\n' >>"$file"; }

# case ID REASON HASH KEY PUBLIC SIGNED FIELDS: SIGNED is what was signed, with \n for line feeds; FIELDS are JSON members.
answer() {
  add "   \"id\": $(json "$1"), \"valid\": $(validity "$2"), \"reason\": $(reason_of "$2"),
   \"source\": $(json "openssl dgst -$3 -sign keys/$4_private_key.pem, by generate_v3.sh"),
   \"public_key\": \"keys/$5_public_key.pem\",
   $7,
   \"sign\": $(json "$(sign "$3" "$4" "$6")")"
}
request() { answer "$1" "$2" "$3" "$4" app "$5" "\"method\": $(json "$6"), \"target\": $(json "$7"), \"timestamp\": \"1554208460\", \"nonce\": \"593BEC0C930BF1AFEB40B4A08C8FB242\", \"body\": $(json "$8")"; }
told() { answer "$1" "$2" "$3" "$4" platform "$5" "\"timestamp\": \"1554209980\", \"nonce\": \"c5ac7061fccab6bf3e254dcf98995b8c\", \"body\": $(json "$6")"; }

open_file v3_request_sign.json "The lines that a request's signature covers: method, target, timestamp, nonce, body, each with its line feed. Facts: wechatpay/request-sign"
G='/v3/pay/transactions/out-trade-no/1217752501201407033233368018?mchid=1230000109'
S='\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n'
request get-with-a-query - sha256 app "GET\n$G$S\n" GET "$G" ''
request last-line-feed-missing no-line-feed sha256 app "GET\n$G$S" GET "$G" ''
request query-left-out wrong-span sha256 app "GET\n${G%%\?*}$S\n" GET "$G" ''
request host-in-the-target wrong-span sha256 app "GET\nhttps://api.mch.weixin.qq.com$G$S\n" GET "$G" ''
request signed-by-another-key other-key sha256 other "GET\n$G$S\n" GET "$G" ''
request sha-1 wrong-hash sha1 app "GET\n$G$S\n" GET "$G" ''
E='/v3/pay/transactions/out-trade-no/a%7Cb?mchid=1230000109'
request escapes-as-on-the-wire - sha256 app "GET\n$E$S\n" GET "$E" ''
request escapes-undone decoded-twice sha256 app "GET\n/v3/pay/transactions/out-trade-no/a|b?mchid=1230000109$S\n" GET "$E" ''
P=/v3/pay/transactions/native
B='{"amount": {"total": 100}, "description": "\\u6253\\u8d4f"}'
RAW='{"amount": {"total": 100}, "description": "\u6253\u8d4f"}'
request post-with-escapes - sha256 app "POST\n$P$S$B\n" POST "$P" "$RAW"
request body-written-anew re-serialised sha256 app "POST\n$P$S"'{"amount":{"total":100},"description":"打赏"}'"\n" POST "$P" "$RAW"
request body-tampered tampered sha256 app "POST\n$P$S"'{"amount": {"total": 1}, "description": "\\u6253\\u8d4f"}'"\n" POST "$P" "$RAW"
C='{"description":"打赏 a/b"}'
request post-with-plain-characters - sha256 app "POST\n$P$S$C\n" POST "$P" "$C"
request post-without-a-body - sha256 app "POST\n$P$S\n" POST "$P" ''
request empty-body-as-braces wrong-span sha256 app "POST\n$P$S{}\n" POST "$P" ''
close_file

open_file v3_answer_sign.json "The lines that the signature of an answer or a notify covers: timestamp, nonce, body, each with its line feed. Facts: wechatpay/answer-sign"
S='1554209980\nc5ac7061fccab6bf3e254dcf98995b8c\n'
B='{"code_url":"weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}'
told answer-with-a-body - sha256 platform "$S$B\n" "$B"
told answer-without-a-body - sha256 platform "$S\n" ''
told last-line-feed-missing no-line-feed sha256 platform "$S$B" "$B"
told body-tampered tampered sha256 platform "$S"'{"code_url":"weixin://wxpay/bizpayurl?pr=other"}'"\n" "$B"
told body-written-anew re-serialised sha256 platform "$S"'{"code_url": "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}'"\n" "$B"
told nonce-first wrong-order sha256 platform 'c5ac7061fccab6bf3e254dcf98995b8c\n1554209980\n'"$B\n" "$B"
told signed-by-a-stranger other-key sha256 other "$S$B\n" "$B"
told sha-1 wrong-hash sha1 platform "$S$B\n" "$B"
close_file
