// silenceper/wechat, the Go community's, against WeChat Pay's XML API. Its address goes through a hook of its own,
// its requests have roots of every name, and refunds read the merchant's certificate from the PKCS#12 bundle.
//
// /// sdk
// package = "github.com/silenceper/wechat/v2"
// provider = "wechatpay"
//
// [steps]
// order_query_notify = ["NewOrder", "Order.PrePayOrder", "Order.QueryOrder", "Order.CloseOrder", "NewNotify", "Notify.PaidVerifySign"]
// pages_and_apps = ["Order.BridgeConfig", "Order.BridgeAppConfig", "Order.PrePayID"]
// refund_and_its_notify = ["NewRefund", "Refund.Refund", "Notify.DecryptReqInfo"]
// payouts = ["NewTransfer", "Transfer.WalletTransfer", "NewRedpacket", "Redpacket.SendRedpacket"]
//
// [out_of_scope]
// "Refund.GetSignParam" = "called by every refund, from inside"
// ///

package main

import (
	"encoding/json"
	"encoding/xml"
	"strings"

	"github.com/silenceper/wechat/v2/pay/config"
	"github.com/silenceper/wechat/v2/pay/notify"
	"github.com/silenceper/wechat/v2/pay/order"
	"github.com/silenceper/wechat/v2/pay/redpacket"
	"github.com/silenceper/wechat/v2/pay/refund"
	"github.com/silenceper/wechat/v2/pay/transfer"
	"github.com/silenceper/wechat/v2/util"
)

const payee = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"

func init() {
	judges["silenceper_wechat"] = Judge{
		Public: func(w *World) []string {
			names := []string{"NewOrder", "NewNotify", "NewRefund", "NewTransfer", "NewRedpacket"}
			names = append(names, PublicOf(&order.Order{}, "Order")...)
			names = append(names, PublicOf(&notify.Notify{}, "Notify")...)
			names = append(names, PublicOf(&refund.Refund{}, "Refund")...)
			names = append(names, PublicOf(&transfer.Transfer{}, "Transfer")...)
			return append(names, PublicOf(&redpacket.Redpacket{}, "Redpacket")...)
		},
		Steps: map[string]func(*World){
			"order_query_notify":    goOrderQueryNotify,
			"pages_and_apps":        goPagesAndApps,
			"refund_and_its_notify": goRefund,
			"payouts":               goPayouts,
		},
	}
}

func wechatConfig(w *World, tag string) *config.Config {
	util.SetURIModifier(func(address string) string {
		return strings.Replace(address, "https://api.mch.weixin.qq.com", w.URL("wechatpay"), 1)
	})
	text := func(name string) string { return strings.TrimSpace(w.Text("wechatpay/" + name)) }
	return &config.Config{AppID: text("appid"), MchID: text("mchid"), Key: text("apiv2_key"), NotifyURL: w.NotifyURL("wechatpay", tag)}
}

func asked(number string) *order.Params {
	return &order.Params{TotalFee: "123", CreateIP: "127.0.0.1", Body: "打赏 & <玫瑰> pp000001", OutTradeNo: number, TradeType: "NATIVE", Attach: "a&b"}
}

func goOrderQueryNotify(w *World) {
	for _, kind := range []string{"MD5", "HMAC-SHA256"} {
		number := "go-told-" + kind
		settings := wechatConfig(w, number)
		orders := Watch(w, order.NewOrder)(settings)
		params := asked(number)
		params.SignType = kind
		made := must(Watch(w, orders.PrePayOrder)(params))
		check(strings.HasPrefix(made.CodeURL, "weixin://wxpay/bizpayurl?pr="), "no code: %s", made.CodeURL)
		w.Buyer("wechatpay", number, "pay")
		paid := must(Watch(w, orders.QueryOrder)(&order.QueryParams{OutTradeNo: number, SignType: kind}))
		equal(*paid.TradeState, "SUCCESS")
		var told notify.PaidResult
		fine(xml.Unmarshal(w.Notify("wechatpay", number).Body, &told))
		desk := Watch(w, notify.NewNotify)(settings)
		equal(Watch(w, desk.PaidVerifySign)(told), true)
		*told.TotalFee = 124
		equal(desk.PaidVerifySign(told), false)
		closed, err := Watch(w, orders.CloseOrder)(&order.CloseParams{OutTradeNo: number, SignType: kind})
		check(err != nil, "a paid order was closed")
		equal(*closed.ErrCode, "ORDERPAID")
	}
}

func goPagesAndApps(w *World) {
	settings := wechatConfig(w, "go-pages")
	orders := order.NewOrder(settings)
	params := asked("go-page-1")
	params.TradeType, params.OpenID = "JSAPI", payee
	page := must(Watch(w, orders.BridgeConfig)(params))
	opens(w, "go-page-1", map[string]string{"appId": settings.AppID, "timeStamp": page.Timestamp, "nonceStr": page.NonceStr,
		"package": page.Package, "signType": page.SignType, "paySign": page.PaySign})
	params = asked("go-app-1")
	params.TradeType = "APP"
	app := must(Watch(w, orders.BridgeAppConfig)(params))
	opens(w, "go-app-1", map[string]string{"appid": app.AppID, "partnerid": app.MchID, "prepayid": app.PrePayID, "package": app.Package,
		"noncestr": app.NonceStr, "timestamp": app.Timestamp, "sign": app.Sign})
	equal(len(must(Watch(w, orders.PrePayID)(asked("go-bare-1")))), 36)
}

func opens(w *World, number string, said map[string]string) {
	text := string(must(json.Marshal(said)))
	equal(w.Control("/qr", map[string]string{"qr_code": text, "action": "pay"})["out_trade_no"].(string), number)
}

func goRefund(w *World) {
	settings := wechatConfig(w, "go-refunded")
	must(order.NewOrder(settings).PrePayOrder(asked("go-refunded")))
	w.Buyer("wechatpay", "go-refunded", "pay")
	part := &refund.Params{OutTradeNo: "go-refunded", OutRefundNo: "go-back", TotalFee: "123", RefundFee: "23",
		RootCa: w.Path("wechatpay/apiclient_cert.p12"), NotifyURL: w.NotifyURL("wechatpay", "go-back")}
	refunds := Watch(w, refund.NewRefund)(settings)
	first, again := must(Watch(w, refunds.Refund)(part)), must(refunds.Refund(part))
	equal(first.RefundID, again.RefundID)
	w.Control("/clock/advance", map[string]int{"seconds": 60})
	var told notify.RefundedResult
	fine(xml.Unmarshal(w.Notify("wechatpay", "go-back").Body, &told))
	inside := must(Watch(w, notify.NewNotify(settings).DecryptReqInfo)(&told))
	equal(*inside.RefundStatus, "SUCCESS")
	equal(*inside.RefundFee, 23)
}

func goPayouts(w *World) {
	settings, bundle := wechatConfig(w, "go-payouts"), w.Path("wechatpay/apiclient_cert.p12")
	transfers := Watch(w, transfer.NewTransfer)(settings)
	moved := must(Watch(w, transfers.WalletTransfer)(&transfer.Params{PartnerTradeNo: "gotransfer1", OpenID: payee, Amount: 100,
		Desc: "desc", SpbillCreateIP: "127.0.0.1", RootCa: bundle}))
	equal(moved.ResultCode, "SUCCESS")
	packets := Watch(w, redpacket.NewRedpacket)(settings)
	sent := must(Watch(w, packets.SendRedpacket)(&redpacket.Params{MchBillno: "gopacket1", SendName: "payproof", ReOpenID: payee,
		TotalAmount: 100, TotalNum: 1, Wishing: "新年快乐", ClientIP: "127.0.0.1", ActName: "act", Remark: "remark", RootCa: bundle}))
	equal(sent.TotalAmount, 100)
}
