// gopay, the Go community's most used client, against Alipay's gateway v2 by certificates and by keys, and against OpenAPI v3.
// It verifies each answer by cutting the signed text at `_response":` and `,"alipay_cert_sn":` or `,"sign":`, whatever stands in it.
//
// It wants a clean content type of notifies: Go's ParseForm reports the malformed one as an error, and gopay gives up on that.
//
// Facts: alipay/sync-sign, alipay/notify-content-type
//
// /// sdk
// package = "github.com/go-pay/gopay"
// provider = "alipay"
// door = "proxy"
// flags = ["--alipay-notify-content-type", "clean"]
//
// [steps]
// precreate_pay_refund = [
//   "NewClient", "Client.SetCertSnByPath", "Client.AutoVerifySign", "Client.SetNotifyUrl", "Client.TradePrecreate", "Client.TradeQuery",
//   "Client.TradeRefund", "Client.TradeFastPayRefundQuery", "ParseNotifyToBodyMap", "VerifySignWithCert", "IsBizError",
// ]
// public_key_mode = ["Client.TradePrecreate", "VerifySyncSign", "VerifySign", "ParseNotifyResult"]
// barcode = ["Client.TradePay"]
// create_close_cancel = ["Client.TradeCreate", "Client.TradeClose", "Client.TradeCancel"]
// pages_and_apps = ["Client.TradePagePay", "Client.TradeWapPay", "Client.TradeAppPay"]
// transfers = ["Client.FundTransUniTransfer", "Client.FundTransCommonQuery"]
// certificates = ["Client.PublicCertDownload"]
// v3_precreate_pay_refund = [
//   "NewClientV3", "ClientV3.SetCert", "ClientV3.TradePrecreate", "ClientV3.TradeQuery", "ClientV3.TradeRefund",
//   "ClientV3.TradeFastPayRefundQuery",
// ]
// v3_create_close_cancel = ["ClientV3.TradeCreate", "ClientV3.TradeClose", "ClientV3.TradeCancel", "ClientV3.TradePay"]
// v3_pages_and_apps = ["ClientV3.TradePagePay", "ClientV3.TradeWapPay", "ClientV3.TradeAppPay"]
// bills = ["Client.DataBillDownloadUrlQuery"]
//
// [out_of_scope]
// "Client*.TradeOrder*" = "settling and informing after a payment are not simulated"
// "Client*.TradeRelation*" = "royalties are not simulated"
// "Client*.TradeRoyalty*" = "royalties are not simulated"
// "Client*.TradeSettle*" = "settling is not simulated"
// "Client*.TradeCustoms*" = "customs are not simulated"
// "Client*.TradeAdvance*" = "advances are not simulated"
// "Client*.TradePageRefund" = "advances are not simulated"
// "Client*.TradeRepaybill*" = "credit is not simulated"
// "Client*.TradeRefundPageQuery" = "advances are not simulated"
// ///

package main

import (
	"context"
	"net/http"
	"os"
	"strings"

	"github.com/go-pay/gopay"
	"github.com/go-pay/gopay/alipay"
	v3 "github.com/go-pay/gopay/alipay/v3"
)

const gopaySubject = "打赏 & 玫瑰 +1 {x pp000001"

var background = context.Background()

func init() {
	judges["gopay_alipay"] = Judge{
		Public: func(*World) []string {
			return append(tradesOf(&alipay.Client{}, "Client"), tradesOf(&v3.ClientV3{}, "ClientV3")...)
		},
		Steps: map[string]func(*World){
			"precreate_pay_refund":    gopayPrecreatePayRefund,
			"public_key_mode":         gopayPublicKeyMode,
			"barcode":                 gopayBarcode,
			"create_close_cancel":     gopayCreateCloseCancel,
			"pages_and_apps":          gopayPagesAndApps,
			"transfers":               gopayTransfers,
			"certificates":            gopayCertificates,
			"v3_precreate_pay_refund": gopayV3PrecreatePayRefund,
			"v3_create_close_cancel":  gopayV3CreateCloseCancel,
			"v3_pages_and_apps":       gopayV3PagesAndApps,
			"bills":                   gopayBills,
		},
	}
}

// The client serves hundreds of methods; those that trade are judged.
func tradesOf(client any, name string) []string {
	var trades []string
	for _, method := range PublicOf(client, name) {
		if strings.HasPrefix(method, name+".Trade") {
			trades = append(trades, method)
		}
	}
	return trades
}

func gopayClient(w *World) *alipay.Client {
	return must(Watch(w, alipay.NewClient)(w.Text("alipay/app_id"), w.Text("alipay/app_private_key.pkcs8.b64"), true))
}

func gopayCertified(w *World, notifyTag string) *alipay.Client {
	client := gopayClient(w)
	app, root, platform := w.Path("alipay/appCertPublicKey.crt"), w.Path("alipay/alipayRootCert.crt"), w.Path("alipay/alipayCertPublicKey_RSA2.crt")
	fine(Watch(w, client.SetCertSnByPath)(app, root, platform))
	Watch(w, client.AutoVerifySign)(must(os.ReadFile(platform)))
	Watch(w, client.SetNotifyUrl)(w.NotifyURL("alipay", notifyTag))
	return client
}

func gopayOrder(number, amount string) gopay.BodyMap {
	return gopay.BodyMap{"out_trade_no": number, "total_amount": amount, "subject": gopaySubject}
}

// gopayRefusal is the sub_code of a refusal, which gopay makes an error of.
func gopayRefusal(w *World, err error) string {
	refusal, found := Watch(w, alipay.IsBizError)(err)
	check(found, "no refusal: %v", err)
	return refusal.SubCode
}

func gopayPrecreatePayRefund(w *World) {
	const order = "gopay1"
	client := gopayCertified(w, order)
	made := must(Watch(w, client.TradePrecreate)(background, gopayOrder(order, "1.23")))
	check(strings.HasPrefix(made.Response.QrCode, "https://qr.alipay.com/bax"), "%s", made.Response.QrCode)
	_, err := Watch(w, client.TradeQuery)(background, gopay.BodyMap{"out_trade_no": order})
	equal(gopayRefusal(w, err), "ACQ.TRADE_NOT_EXIST")

	w.Buyer("alipay", order, "pay")
	paid := must(client.TradeQuery(background, gopay.BodyMap{"out_trade_no": order}))
	equal(paid.Response.TradeStatus, "TRADE_SUCCESS")
	told := must(Watch(w, alipay.ParseNotifyToBodyMap)(w.Notify("alipay", order).Request()))
	equal(told.Get("subject"), gopaySubject)
	platform := w.Path("alipay/alipayCertPublicKey_RSA2.crt")
	check(must(Watch(w, alipay.VerifySignWithCert)(platform, told)), "the notify is not believed")

	part := gopay.BodyMap{"out_trade_no": order, "refund_amount": "0.23", "out_request_no": "r1"}
	for _, change := range []string{"Y", "N"} {
		equal(must(Watch(w, client.TradeRefund)(background, part)).Response.FundChange, change)
	}
	known := gopay.BodyMap{"out_trade_no": order, "out_request_no": "r1"}
	equal(must(Watch(w, client.TradeFastPayRefundQuery)(background, known)).Response.RefundStatus, "REFUND_SUCCESS")
}

func gopayPublicKeyMode(w *World) {
	const order = "gopaykey1"
	client, key := gopayClient(w), w.Text("alipay/alipay_public_key.b64")
	client.SetNotifyUrl(w.NotifyURL("alipay", order))
	made := must(Watch(w, client.TradePrecreate)(background, gopayOrder(order, "1.23")))
	check(must(Watch(w, alipay.VerifySyncSign)(key, made.SignData, made.Sign)), "the answer is not believed")
	w.Buyer("alipay", order, "pay")
	paid := w.Notify("alipay", order)
	told := must(alipay.ParseNotifyToBodyMap(paid.Request()))
	check(must(Watch(w, alipay.VerifySign)(key, told)), "the notify is not believed")
	equal(must(Watch(w, alipay.ParseNotifyResult)(paid.Request())).FundBillList[0].Amount, "1.23")
	told = must(alipay.ParseNotifyToBodyMap(paid.Request()))
	told.Set("total_amount", "9.99")
	believed, _ := alipay.VerifySign(key, told)
	check(!believed, "a tampered notify is believed")
}

func gopayBarcode(w *World) {
	client := gopayCertified(w, "gopaybar")
	pay := func(number, amount, code string) (*alipay.TradePayResponse, error) {
		order := gopayOrder(number, amount).Set("scene", "bar_code").Set("auth_code", code)
		return Watch(w, client.TradePay)(background, order)
	}
	equal(must(pay("gopaybar1", "1.23", "28763443825664391")).Response.BuyerPayAmount, "1.23")
	_, err := pay("gopaybar2", "1.23", "28990001825664392")
	equal(gopayRefusal(w, err), "ACQ.BUYER_BALANCE_NOT_ENOUGH")
	waiting, err := pay("gopaybar3", "5000.00", "28763443825664393")
	check(err == nil && waiting.Response.Code == "10003" || strings.Contains(err.Error(), "10003"), "%v %v", waiting, err)
}

func gopayCreateCloseCancel(w *World) {
	client := gopayCertified(w, "gopaycreate")
	create := func(number string) {
		order := gopayOrder(number, "1.23").Set("buyer_id", "2088102146225135")
		equal(must(Watch(w, client.TradeCreate)(background, order)).Response.OutTradeNo, number)
	}
	create("gopaycreate1")
	must(Watch(w, client.TradeClose)(background, gopay.BodyMap{"out_trade_no": "gopaycreate1"}))
	create("gopaycreate2")
	equal(must(Watch(w, client.TradeCancel)(background, gopay.BodyMap{"out_trade_no": "gopaycreate2"})).Response.Action, "close")
}

func gopayPagesAndApps(w *World) {
	client := gopayCertified(w, "gopaypages")
	page := must(Watch(w, client.TradePagePay)(background, gopayOrder("gopaypage1", "1.23").Set("product_code", "FAST_INSTANT_TRADE_PAY")))
	wap := must(Watch(w, client.TradeWapPay)(background, gopayOrder("gopaywap1", "1.23").Set("product_code", "QUICK_WAP_WAY").Set("quit_url", "https://example.com/")))
	app := must(Watch(w, client.TradeAppPay)(background, gopayOrder("gopayapp1", "1.23")))
	gopayOpened(w, "gopaypages", map[string]string{"gopaypage1": page, "gopaywap1": wap, "gopayapp1": "?" + app})
}

// gopayOpened: each address leads a browser to the cashier, and what is paid there is notified.
func gopayOpened(w *World, tag string, addresses map[string]string) {
	for number, address := range addresses {
		_, query, _ := strings.Cut(address, "?")
		led := redirect(w.URL("alipay") + "/gateway.do?" + query)
		check(strings.HasPrefix(led, "/_cashier/"), "%s leads to %q", number, led)
		w.Buyer("alipay", number, "pay")
		equal(w.Notify("alipay", tag).Form().Get("out_trade_no"), number)
	}
}

func gopayTransfers(w *World) {
	client := gopayCertified(w, "gopayout")
	order := gopay.BodyMap{
		"out_biz_no": "gopayout1", "trans_amount": "1.23", "product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER",
		"order_title": gopaySubject, "payee_info": map[string]string{"identity": "2088102146225135", "identity_type": "ALIPAY_USER_ID"},
	}
	equal(must(Watch(w, client.FundTransUniTransfer)(background, order)).Response.Status, "SUCCESS")
	known := gopay.BodyMap{"out_biz_no": "gopayout1", "product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
	equal(must(Watch(w, client.FundTransCommonQuery)(background, known)).Response.TransAmount, "1.23")
}

func gopayCertificates(w *World) {
	client := gopayCertified(w, "gopaycert")
	serial := strings.TrimSpace(w.Text("alipay/alipay_cert_sn"))
	loaded := must(Watch(w, client.PublicCertDownload)(background, gopay.BodyMap{"alipay_cert_sn": serial}))
	check(loaded.Response.AlipayCertContent != "", "no certificate")
}

func gopayV3(w *World) *v3.ClientV3 {
	client := must(Watch(w, v3.NewClientV3)(w.Text("alipay/app_id"), w.Text("alipay/app_private_key.pkcs8.b64"), true))
	app, root, platform := w.Text("alipay/appCertPublicKey.crt"), w.Text("alipay/alipayRootCert.crt"), w.Text("alipay/alipayCertPublicKey_RSA2.crt")
	fine(Watch(w, client.SetCert)([]byte(app), []byte(root), []byte(platform)))
	return client
}

func gopayV3PrecreatePayRefund(w *World) {
	const order = "gopayv31"
	client := gopayV3(w)
	body := gopayOrder(order, "1.23").Set("notify_url", w.NotifyURL("alipay", order))
	made := must(Watch(w, client.TradePrecreate)(background, body))
	check(made.StatusCode == http.StatusOK && made.QrCode != "", "%+v", made)
	unscanned := must(Watch(w, client.TradeQuery)(background, gopay.BodyMap{"out_trade_no": order}))
	equal(unscanned.ErrResponse.Code, "ACQ.TRADE_NOT_EXIST")
	w.Buyer("alipay", order, "pay")
	equal(must(client.TradeQuery(background, gopay.BodyMap{"out_trade_no": order})).TradeStatus, "TRADE_SUCCESS")
	equal(w.Notify("alipay", order).Form().Get("trade_status"), "TRADE_SUCCESS")
	part := gopay.BodyMap{"out_trade_no": order, "refund_amount": "0.23", "out_request_no": "r1"}
	equal(must(Watch(w, client.TradeRefund)(background, part)).FundChange, "Y")
	known := gopay.BodyMap{"out_trade_no": order, "out_request_no": "r1"}
	equal(must(Watch(w, client.TradeFastPayRefundQuery)(background, known)).RefundStatus, "REFUND_SUCCESS")
}

func gopayV3CreateCloseCancel(w *World) {
	client := gopayV3(w)
	create := func(number string) {
		order := gopayOrder(number, "1.23").Set("buyer_id", "2088102146225135").Set("product_code", "JSAPI_PAY").Set("op_app_id", w.Text("alipay/app_id"))
		equal(must(Watch(w, client.TradeCreate)(background, order)).OutTradeNo, number)
	}
	create("gopayv3create1")
	equal(must(Watch(w, client.TradeClose)(background, gopay.BodyMap{"out_trade_no": "gopayv3create1"})).StatusCode, http.StatusOK)
	create("gopayv3create2")
	equal(must(Watch(w, client.TradeCancel)(background, gopay.BodyMap{"out_trade_no": "gopayv3create2"})).Action, "close")
	code := gopayOrder("gopayv3bar1", "1.23").Set("scene", "bar_code").Set("auth_code", "28763443825664394")
	equal(must(Watch(w, client.TradePay)(background, code)).BuyerPayAmount, "1.23")
}

func gopayV3PagesAndApps(w *World) {
	client := gopayV3(w)
	order := func(number string) gopay.BodyMap {
		return gopayOrder(number, "1.23").Set("notify_url", w.NotifyURL("alipay", "gopayv3pages"))
	}
	page := must(Watch(w, client.TradePagePay)(background, order("gopayv3page1").Set("product_code", "FAST_INSTANT_TRADE_PAY")))
	wap := must(Watch(w, client.TradeWapPay)(background, order("gopayv3wap1").Set("product_code", "QUICK_WAP_WAY").Set("quit_url", "https://example.com/")))
	app := must(Watch(w, client.TradeAppPay)(background, order("gopayv3app1")))
	gopayOpened(w, "gopayv3pages", map[string]string{"gopayv3page1": page, "gopayv3wap1": wap, "gopayv3app1": "?" + app})
}

func gopayBills(w *World) {
	client := gopayCertified(w, "gopaybill")
	bill := gopay.BodyMap{"bill_type": "trade", "bill_date": w.NextDay()}
	found := must(Watch(w, client.DataBillDownloadUrlQuery)(background, bill)).Response.BillDownloadUrl
	check(strings.Contains(found, "/downloadBillFile.resource?"), "%s", found)
}
