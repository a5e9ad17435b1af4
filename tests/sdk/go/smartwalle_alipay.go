// smartwalle/alipay, the Go community's, against the simulator: what it is told, and whether it believes it.
// It checks the signature of every answer by itself once it has Alipay's key.
//
// /// sdk
// package = "github.com/smartwalle/alipay/v3"
// provider = "alipay"
//
// [steps]
// precreate_pay_refund = [
//   "Client.TradePreCreate",
//   "Client.TradeQuery",
//   "Client.TradeRefund",
//   "Client.TradeFastPayRefundQuery",
//   "Client.DecodeNotification",
//   "Client.LoadAliPayPublicKey",
//   "New",
// ]
//
// [out_of_scope]
// "*" = "driven below"
// ///

package main

import (
	"context"
	"strings"

	"github.com/smartwalle/alipay/v3"
)

func init() {
	judges["smartwalle_alipay"] = Judge{
		Public: func(*World) []string { return append(PublicOf(&alipay.Client{}, "Client"), "New") },
		Steps: map[string]func(*World){
			"precreate_pay_refund": smartwallePrecreatePayRefund,
		},
	}
}

const subject = "打赏 & 玫瑰 +1 {x pp000001"

func smartwalleShop(w *World) *alipay.Client {
	gateway := alipay.WithProductionGateway(w.URL("alipay") + "/gateway.do")
	client := must(Watch(w, alipay.New)(w.Text("alipay/app_id"), w.Text("alipay/app_private_key.pkcs1.b64"), true, gateway))
	if err := Watch(w, client.LoadAliPayPublicKey)(w.Text("alipay/alipay_public_key.b64")); err != nil {
		panic(err)
	}
	return client
}

func smartwallePrecreatePayRefund(w *World) {
	ctx, client, order := context.Background(), smartwalleShop(w), "smartwalle1"
	made := must(Watch(w, client.TradePreCreate)(ctx, alipay.TradePreCreate{Trade: alipay.Trade{
		Subject: subject, OutTradeNo: order, TotalAmount: "1.23", NotifyURL: w.NotifyURL("alipay", order),
	}}))
	equal(made.Code, alipay.CodeSuccess)
	check(strings.HasPrefix(made.QRCode, "https://qr.alipay.com/bax"), "%s", made.QRCode)
	unscanned := must(Watch(w, client.TradeQuery)(ctx, alipay.TradeQuery{OutTradeNo: order}))
	equal(unscanned.SubCode, "ACQ.TRADE_NOT_EXIST")

	w.Buyer("alipay", order, "pay")
	paid := must(client.TradeQuery(ctx, alipay.TradeQuery{OutTradeNo: order}))
	equal(paid.TradeStatus, alipay.TradeStatusSuccess)
	form := w.Notify("alipay", order).Form()
	notify := must(Watch(w, client.DecodeNotification)(form))
	equal(notify.Subject, subject)
	form.Set("total_amount", "9.99")
	_, err := client.DecodeNotification(form)
	check(err != nil, "a tampered notify is believed")

	part := alipay.TradeRefund{OutTradeNo: order, RefundAmount: "0.23", OutRequestNo: "r1"}
	for _, change := range []string{"Y", "N"} {
		equal(must(Watch(w, client.TradeRefund)(ctx, part)).FundChange, change)
	}
	known := must(Watch(w, client.TradeFastPayRefundQuery)(ctx, alipay.TradeFastPayRefundQuery{OutTradeNo: order, OutRequestNo: "r1"}))
	equal(known.RefundStatus, "REFUND_SUCCESS")
}
