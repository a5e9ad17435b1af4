#!/bin/sh
# Start the gateway with the numbers and keys that the simulators wrote into /credentials; everything else is in the
# environment already. The vendors' host names lead to the simulators here, under an authority of their own.
set -eu
word() { cat "/credentials/$1"; }
export SSL_CERT_FILE=/credentials/tls/ca.pem
export GATEWAY_ALIPAY_APP_ID="$(word alipay/app_id)" GATEWAY_ALIPAY_SELLER_ID="$(word alipay/seller_id)"
export GATEWAY_WECHATPAY_APPID="$(word wechatpay/appid)" GATEWAY_WECHATPAY_MCHID="$(word wechatpay/mchid)"
export GATEWAY_WECHATPAY_PUBLIC_KEY_ID="$(word wechatpay/wechatpay_public_key_id)"
export GATEWAY_UNIONPAY_MER_ID="$(word unionpay/mer_id)" GATEWAY_UNIONPAY_SECURE_KEY="$(word unionpay/secure_key)"
export GATEWAY_UNIONPAY_PFX_PASSWORD="$(word unionpay/pfx_password)" GATEWAY_UNIONPAY_SM2_PASSWORD="$(word unionpay/pfx_password)"
exec python -m reference_gateway
