#!/usr/bin/env bash
# Known answers for UnionPay, by openssl and iconv alone: no line of either room takes part.
#   tests/vectors/generate_unionpay.sh [FOLDER]     writes FOLDER/*.json (default: unionpay, beside this script)
# PKCS#1 v1.5 and the keyed digests are deterministic, so the same keys give the same files on every machine. SM2 is not:
# its signatures stand here as they were published, and openssl verifies them in a test.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/unionpay}
keys=$here/keys
mkdir -p "$out"

# --- tools ---------------------------------------------------------------------------------------------------------
swap() { printf '%s%s%s' "${1%%"$2"*}" "$3" "${1#*"$2"}"; }
json() { printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g' | sed ':a;N;$!ba;s/\r\n/\\r\\n/g')"; }
hex() { openssl dgst "-$1" -r | cut -d' ' -f1; }
in_charset() { printf '%s' "$1" | iconv -f UTF-8 -t "${2:-UTF-8}"; }
# rsa HASH KEY TEXT [CHARSET]: the hash's hexadecimal text, signed with the same hash.
rsa() { in_charset "$3" "${4:-UTF-8}" | hex "$1" | tr -d '\n' | openssl dgst "-$1" -sign "$keys/$2_private_key.pem" | openssl base64 -A; }
# keyed HASH SECRET TEXT: the hash of the text, an ampersand and the hash of the secret.
keyed() { printf '%s&%s' "$3" "$(printf '%s' "$2" | hex "$1")" | hex "$1"; }
reason_of() { if [ "$1" = - ]; then printf null; else json "$1"; fi; }
validity() { if [ "$1" = - ]; then printf true; else printf false; fi; }
fields_of() {
  local rest=$1 first=1 name value piece
  printf '{'
  while [ -n "$rest" ]; do
    piece=${rest%%&*}
    # An ampersand inside braces does not part.
    while [ "${piece#*\{}" != "$piece" ] && [ "${piece#*\}}" = "$piece" ]; do
      local more=${rest#"$piece"&}
      piece=$piece\&${more%%&*}
    done
    rest=${rest#"$piece"}; rest=${rest#&}
    name=${piece%%=*}; value=${piece#*=}
    [ $first = 1 ] || printf ', '
    first=0
    printf '%s: %s' "$(json "$name")" "$(json "$value")"
  done
  printf '}'
}
open_file() { file=$out/$1; first=1; printf '{\n "about": %s,\n "cases": [' "$(json "$2")" >"$file"; }
close_file() { printf '\n ]\n}\n' >>"$file"; }
# add ID REASON SOURCE METHOD VERSION CHARSET KEY RECEIVED CANONICAL SIGNATURE
# RECEIVED is what arrives, in the order of a correct text; CANONICAL is what a correct receiver builds of it.
add() {
  if [ $first = 1 ]; then first=0; else printf ',' >>"$file"; fi
  printf '\n  {\n   "id": %s, "valid": %s, "reason": %s,\n   "source": %s,\n   "sign_method": %s, "version": %s, "charset": %s, "key": %s,\n   "fields": %s,\n   "canonical": %s,\n   "signature": %s\n  }' \
    "$(json "$1")" "$(validity "$2")" "$(reason_of "$2")" "$(json "$3")" "$(json "$4")" "$(json "$5")" "$(json "$6")" "$(json "$7")" "$(fields_of "$8")" "$(json "$9")" "$(json "${10}")" >>"$file"
}

# --- digests -------------------------------------------------------------------------------------------------------
SDK="the unit tests of UnionPay's own SDKs, reproduced with two implementations"
S2='accessType=0&bizType=000000&encoding=UTF-8&merId=777290058110048&orderId=20261123120000001&respCode=00&respMsg=成功[0000000]&signMethod=01&txnSubType=00&txnTime=20261123120000&txnType=00&version=5.1.0'
S3=$(swap "$S2" 'signMethod=01' 'signMethod=21')

# --- keyed digests -------------------------------------------------------------------------------------------------
open_file keyed.json "signMethod 11 and 12: the hash of the text, an ampersand and the hash of the key. Facts: unionpay/sign-methods"
S1='merId=888888888888888&signMethod=11&sysReserved={aaa=a&bbb=b}&transType=01&version=5.1.0'
S12=$(swap "$S1" 'signMethod=11' 'signMethod=12')
BY="openssl dgst, by generate_unionpay.sh"
add sha256-published - "$SDK" 11 5.1.0 UTF-8 88888888 "$S1" "$S1" 2c82a5c882de816b7909191ce319fffb401bf6b64b975a9be59d289213729703
add sm3-published - "$SDK" 12 5.1.0 UTF-8 88888888 "$S12" "$S12" 927634bc246f2621717f780755234907dd7e86ac244519bd31092e48b8e94c3a
add sha256-by-openssl - "$BY" 11 5.1.0 UTF-8 88888888 "$S1" "$S1" "$(keyed sha256 88888888 "$S1")"
add sm3-by-openssl - "$BY" 12 5.1.0 UTF-8 88888888 "$S12" "$S12" "$(keyed sm3 88888888 "$S12")"
add another-key other-key "$BY" 11 5.1.0 UTF-8 88888888 "$S1" "$S1" "$(keyed sha256 99999999 "$S1")"
add key-not-hashed key-not-hashed "$BY" 11 5.1.0 UTF-8 88888888 "$S1" "$S1" "$(printf '%s&88888888' "$S1" | hex sha256)"
add upper-case wrong-spelling "$BY" 11 5.1.0 UTF-8 88888888 "$S1" "$S1" "$(keyed sha256 88888888 "$S1" | tr a-f A-F)"
add the-other-digest wrong-hash "$BY" 12 5.1.0 UTF-8 88888888 "$S12" "$S12" "$(keyed sha256 88888888 "$S12")"
add tampered tampered "$BY" 11 5.1.0 UTF-8 88888888 "$S1" "$S1" "$(keyed sha256 88888888 "$(swap "$S1" 'transType=01' 'transType=02')")"
add braces-dropped braces-dropped "$BY" 12 5.1.0 UTF-8 88888888 "$S12" "$S12" "$(keyed sm3 88888888 "$(swap "$(swap "$S12" '{' '')" '}' '')")"
close_file

# --- RSA -----------------------------------------------------------------------------------------------------------
open_file rsa.json "signMethod 01: the hash's lower-case hexadecimal text, signed with the same hash, SHA-256 for 5.1.0 and SHA-1 for 5.0.0. Facts: unionpay/sign-methods"
C='accessType=0&bizType=000201&certId=69903319369&channelType=07&encoding=UTF-8&merId=777290058110048&orderId=20261123120000001&reqReserved={a=1&b=2}&signMethod=01&txnAmt=1000&txnSubType=01&txnTime=20261123120000&txnType=01&version=5.1.0'
O=$(swap "$C" 'version=5.1.0' 'version=5.0.0')
add the-new-version - "openssl dgst -sha256, hex, openssl dgst -sha256 -sign keys/app_private_key.pem, by generate_unionpay.sh" 01 5.1.0 UTF-8 keys/app_public_key.pem "$C" "$C" "$(rsa sha256 app "$C")"
add the-old-version - "openssl dgst -sha1, hex, openssl dgst -sha1 -sign keys/app_private_key.pem, by generate_unionpay.sh" 01 5.0.0 UTF-8 keys/app_public_key.pem "$O" "$O" "$(rsa sha1 app "$O")"
add an-answer-with-chinese-text - "as above, keys/platform_private_key.pem" 01 5.1.0 UTF-8 keys/platform_public_key.pem "$S2" "$S2" "$(rsa sha256 platform "$S2")"
G=$(swap "$S2" 'encoding=UTF-8' 'encoding=GBK')
add an-answer-in-gbk - "as above, after iconv -t GBK" 01 5.1.0 GBK keys/platform_public_key.pem "$G" "$G" "$(rsa sha256 platform "$G" GBK)"
P='accessType=0&encoding=UTF-8&merId=777290058110048&respCode=00&signMethod=01&signPubKeyCert=-----BEGIN CERTIFICATE-----&traceNo=784649&version=5.1.0'
add the-certificate-between-method-and-trace - "as above" 01 5.1.0 UTF-8 keys/platform_public_key.pem "$P" "$P" "$(rsa sha256 platform "$P")"
add another-key other-key "as above, keys/other_private_key.pem" 01 5.1.0 UTF-8 keys/app_public_key.pem "$C" "$C" "$(rsa sha256 other "$C")"
add amount-tampered tampered "as above" 01 5.1.0 UTF-8 keys/app_public_key.pem "$C" "$C" "$(rsa sha256 app "$(swap "$C" 'txnAmt=1000' 'txnAmt=1')")"
add hashed-once hashed-once "openssl dgst -sha256 -sign over the text itself" 01 5.1.0 UTF-8 keys/app_public_key.pem "$C" "$C" "$(printf '%s' "$C" | openssl dgst -sha256 -sign "$keys/app_private_key.pem" | openssl base64 -A)"
add hexadecimal-in-capitals wrong-spelling "as the first, hex in capitals" 01 5.1.0 UTF-8 keys/app_public_key.pem "$C" "$C" "$(printf '%s' "$C" | hex sha256 | tr a-f A-F | tr -d '\n' | openssl dgst -sha256 -sign "$keys/app_private_key.pem" | openssl base64 -A)"
add the-old-hash-in-the-new-version wrong-hash "as the second" 01 5.1.0 UTF-8 keys/app_public_key.pem "$C" "$C" "$(rsa sha1 app "$C")"
add the-new-hash-in-the-old-version wrong-hash "as the first" 01 5.0.0 UTF-8 keys/app_public_key.pem "$O" "$O" "$(rsa sha256 app "$O")"
add certificate-number-left-out field-left-out "as the first" 01 5.1.0 UTF-8 keys/app_public_key.pem "$C" "$C" "$(rsa sha256 app "$(swap "$C" 'certId=69903319369&' '')")"
add certificate-left-out field-left-out "as above, keys/platform_private_key.pem" 01 5.1.0 UTF-8 keys/platform_public_key.pem "$P" "$P" "$(rsa sha256 platform "$(swap "$P" 'signPubKeyCert=-----BEGIN CERTIFICATE-----&' '')")"
add the-other-charset wrong-charset "as above, without iconv" 01 5.1.0 GBK keys/platform_public_key.pem "$G" "$G" "$(rsa sha256 platform "$G")"
close_file

# --- SM2 -----------------------------------------------------------------------------------------------------------
open_file sm2.json "signMethod 21: SM2 over the hexadecimal text of SM3, as the user whose name is the certificate's number. The key is the sample of GB/T 32918.5. Facts: unionpay/sm2"
POINT=0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13
MADE="GB/T 32918.5 sample key, nonce 59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21, two implementations; openssl pkeyutl -verify -pkeyopt distid:69678957876"
GOOD='3fjU+8s7JBxI8djzAN728jRIQWf0cWelvCJ/3kx2MeADdamX+7K7aIw0rlgfyaaLVM04LMFdGYhakIG++fQFpw=='
add published - "$MADE" 21 5.1.0 UTF-8 "$POINT:69678957876" "$S3" "$S3" "$GOOD"
add the-usual-user-id other-user-id "the same signature, judged under the user id that certificates use" 21 5.1.0 UTF-8 "$POINT:1234567812345678" "$S3" "$S3" "$GOOD"
add another-certificates-number other-user-id "the same signature, judged under another number" 21 5.1.0 UTF-8 "$POINT:69678957877" "$S3" "$S3" "$GOOD"
T=$(swap "$S3" 'respCode=00' 'respCode=05')
add code-tampered tampered "the same signature below another code" 21 5.1.0 UTF-8 "$POINT:69678957876" "$T" "$T" "$GOOD"
DER=MEUCIQDd+NT7yzskHEjx2PMA3vbyNEhBZ/RxZ6W8In/eTHYx4AIgA3Wpl/uyu2iMNK5YH8mmi1TNOCzBXRmIWpCBvvn0Bac=
add in-der wrong-spelling "the same two numbers as DER" 21 5.1.0 UTF-8 "$POINT:69678957876" "$S3" "$S3" "$DER"
close_file

# --- digests and numbers -------------------------------------------------------------------------------------------
cat >"$out/digests.json" <<END
{
 "about": "Texts and the lower-case hexadecimal of their hashes, which is what is signed. Facts: unionpay/sign-methods",
 "cases": [
  {"id": "answer-sha256", "valid": true, "reason": null, "source": "UnionPay's algorithm executed with two implementations", "hash": "sha256", "text": $(json "$S2"), "hex": "63ecc2e8518f7ba9198ef41e0b604d0f4a7783909bcfa9a4fdfbfff31862b7c4"},
  {"id": "answer-sha1", "valid": true, "reason": null, "source": "UnionPay's algorithm executed with two implementations", "hash": "sha1", "text": $(json "$S2"), "hex": "5ba893820f5686343b1e41d0f7bc4f508fe7d19b"},
  {"id": "answer-sm3", "valid": true, "reason": null, "source": "UnionPay's algorithm executed with two implementations", "hash": "sm3", "text": $(json "$S3"), "hex": "b7f0c13d45dd3b8f7be4deac3b967dc209155c66e43fc766b21bde9d48e0feae"},
  {"id": "key-sha256", "valid": true, "reason": null, "source": "$SDK", "hash": "sha256", "text": "88888888", "hex": "615ed7fb1504b0c724a296d7a69e6c7b2f9ea2c57c1d8206c5afdf392ebdfd25"},
  {"id": "key-sm3", "valid": true, "reason": null, "source": "$SDK", "hash": "sm3", "text": "88888888", "hex": "ce63bbc0642e6805e0bf2be526df8fce7f29ae8cd7162ebafc826c8130810a30"}
 ]
}
END
cat >"$out/numbers.json" <<END
{
 "about": "Numbers in messages of the real service, published by others, and what is inside them. Facts: unionpay/numbers",
 "cases": [
  {"id": "query-id-2024", "valid": true, "reason": null, "source": "captured from a query's answer, 2024", "query_id": "442401051450467846498", "txn_time": "20240105145046", "trace_no": "784649", "trace_time": "0105145046"},
  {"id": "tn", "valid": true, "reason": null, "source": "captured from an app order's answer", "tn": "611854042060710157601"}
 ]
}
END
