module payproof.example/unionpay

go 1.21

require github.com/smartwalle/unionpay v0.0.7

require (
	github.com/smartwalle/ncrypto v1.0.4 // indirect
	github.com/smartwalle/ngx v1.0.9 // indirect
	github.com/smartwalle/nhttp v0.0.10 // indirect
	github.com/smartwalle/nsign v1.0.9 // indirect
)

