module payproof.example/judges

go 1.21

require (
	github.com/smartwalle/alipay/v3 v3.2.25
	github.com/wechatpay-apiv3/wechatpay-go v0.2.21
)

require (
	github.com/smartwalle/ncrypto v1.0.4 // indirect
	github.com/smartwalle/ngx v1.0.9 // indirect
	github.com/smartwalle/nsign v1.0.9 // indirect
)
