#!/usr/bin/env bash
# Known answers for WeChat Pay's XML API, by openssl and sed alone: no line of either room takes part.
#   tests/vectors/generate_wechatpay_v2.sh [FOLDER]     writes FOLDER/v2_*.json (default: wechatpay, beside this script)
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/wechatpay}
mkdir -p "$out"
json() { printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')"; }
swap() { printf '%s%s%s' "${1%%"$2"*}" "$3" "${1#*"$2"}"; }
open_file() { file=$out/$1; first=1; printf '{\n "about": %s,\n "cases": [' "$(json "$2")" >"$file"; }
add() { if [ $first = 1 ]; then first=0; else printf ',' >>"$file"; fi; printf '\n  {\n%s\n  }' "$1" >>"$file"; }
close_file() { printf '\n ]\n}\n' >>"$file"; }
upper() { tr 'a-f' 'A-F'; }
md5() { openssl dgst -md5 -r | cut -d' ' -f1; }
# seal TYPE KEY TEXT: the digest of TEXT, in capitals.
seal() {
  case $1 in
    MD5) printf '%s' "$3" | md5 | upper ;;
    HMAC-SHA256) printf '%s' "$3" | openssl dgst -sha256 -hmac "$2" -r | cut -d' ' -f1 | upper ;;
  esac
}
# answer ID REASON TYPE CANONICAL SIGNED PARAMS [SOURCE]: CANONICAL is what a receiver builds; SIGNED, with its key, is what was hashed.
answer() {
  local valid reason source=${7:-openssl dgst, by generate_wechatpay_v2.sh}
  if [ "$2" = - ]; then valid=true; reason=null; else valid=false; reason=$(json "$2"); fi
  add "   \"id\": $(json "$1"), \"valid\": $valid, \"reason\": $reason,
   \"source\": $(json "$source"),
   \"sign_type\": $(json "$3"), \"charset\": \"UTF-8\", \"key\": $(json "$KEY"),
   \"params\": $6,
   \"canonical\": $(json "$4"),
   \"sign\": $(json "$(seal "$3" "$KEY" "$5")")"
}

open_file v2_sign.json "The digest over fields of the XML API: without sign and empty values, with sign_type, sorted, joined, then the key. Facts: wechatpay/v2-sign, wechatpay/v2-sign-type"
KEY=192006250b4c09247ec02edce69f6a2d
C='appid=wxd930ea5d5a258f4f&body=test&device_info=1000&mch_id=10000100&nonce_str=ibuaiVcKdpRxkhJA'
P='{"appid": "wxd930ea5d5a258f4f", "mch_id": "10000100", "device_info": "1000", "body": "test", "nonce_str": "ibuaiVcKdpRxkhJA"}'
T="the vendor's own example, whose digests its documentation prints; made again by openssl dgst, by generate_wechatpay_v2.sh"
answer the-documented-example - MD5 "$C" "$C&key=$KEY" "$P" "$T"
answer the-documented-example-by-hmac - HMAC-SHA256 "$C" "$C&key=$KEY" "$P" "$T"
answer by-another-key other-key MD5 "$C" "$C&key=292006250b4c09247ec02edce69f6a2d" "$P"
answer without-the-key other-key MD5 "$C" "$C" "$P"
answer in-order-of-arrival wrong-order MD5 "$C" "appid=wxd930ea5d5a258f4f&mch_id=10000100&device_info=1000&body=test&nonce_str=ibuaiVcKdpRxkhJA&key=$KEY" "$P"
answer body-tampered tampered MD5 "$C" "$(swap "$C" 'body=test' 'body=text')&key=$KEY" "$P"

C='appid=wx1&attach=a&b=<c> d&body=打赏&coupon_fee=0&mch_id=1&sign_type=HMAC-SHA256'
P='{"mch_id": "1", "sign_type": "HMAC-SHA256", "appid": "wx1", "attach": "a&b=<c> d", "body": "打赏", "coupon_fee": "0", "device_info": "", "detail": ""}'
answer empties-markup-and-a-zero - HMAC-SHA256 "$C" "$C&key=$KEY" "$P"
answer sign-type-dropped sign-type-dropped HMAC-SHA256 "$C" "$(swap "$C" '&sign_type=HMAC-SHA256' '')&key=$KEY" "$P"
answer empties-kept empties-kept HMAC-SHA256 "$C" "$(swap "$C" '&mch_id' '&detail=&device_info=&mch_id')&key=$KEY" "$P"
answer zero-dropped unknown-dropped HMAC-SHA256 "$C" "$(swap "$C" '&coupon_fee=0' '')&key=$KEY" "$P"
answer signed-as-xml-escapes-it escaped HMAC-SHA256 "$C" "$(swap "$C" 'a&b=<c> d' 'a&amp;b=&lt;c&gt; d')&key=$KEY" "$P"

C='appId=wx1&nonceStr=n&package=prepay_id=wx201410272009395522657a690389285100&signType=MD5&timeStamp=1414561699'
P='{"appId": "wx1", "timeStamp": "1414561699", "nonceStr": "n", "package": "prepay_id=wx201410272009395522657a690389285100", "signType": "MD5"}'
answer parameters-of-a-page - MD5 "$C" "$C&key=$KEY" "$P"
answer parameters-of-a-page-with-an-apps-name wrong-order MD5 "$C" "$(swap "$C" 'timeStamp' 'timestamp')&key=$KEY" "$P"
close_file

open_file v2_req_info.json "What a refund's notify holds: AES-256-ECB, PKCS#7, base64, under the lower-case hexadecimal MD5 of the key. Facts: wechatpay/v2-refund-notice"
inner='<root><refund_status><![CDATA[SUCCESS]]></refund_status></root>'
aes=$(printf '%s' "$KEY" | md5)
hex=$(printf '%s' "$aes" | od -An -tx1 | tr -d ' \n')
add "   \"id\": \"a-refund-that-arrived\", \"valid\": true, \"reason\": null,
   \"source\": \"opened by wechatpy 1.8.18; made again by openssl enc -aes-256-ecb, by generate_wechatpay_v2.sh\",
   \"key\": $(json "$KEY"), \"aes_key\": $(json "$aes"), \"text\": $(json "$inner"),
   \"encrypted\": $(json "$(printf '%s' "$inner" | openssl enc -aes-256-ecb -K "$hex" | openssl base64 -A)")"
close_file
