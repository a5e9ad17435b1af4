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
//   "Client.VerifySign",
//   "Client.LoadAliPayPublicKey",
//   "New",
// ]
// barcode = ["Client.TradePay"]
// create_close_cancel = ["Client.TradeCreate", "Client.TradeClose", "Client.TradeCancel"]
// refund_applied_for = ["Client.TradeRefundAsync"]
// page_and_app = ["Client.TradePagePay", "Client.TradeWapPay", "Client.TradeAppPay"]
// certificate_mode = [
//   "Client.LoadAppCertPublicKeyFromFile",
//   "Client.LoadAlipayCertPublicKeyFromFile",
//   "Client.LoadAliPayRootCertFromFile",
// ]
// encrypted_content = ["Client.SetEncryptKey"]
// transfers = ["Client.FundTransUniTransfer", "Client.FundTransCommonQuery"]
// oauth = ["Client.SystemOauthToken", "Client.OpenAuthTokenApp", "Client.OpenAuthTokenAppQuery"]
// bills = ["Client.BillDownloadURLQuery"]
//
// [out_of_scope]
// "Client.Load*" = "another spelling, or another source, of a file that certificate_mode loads"
// "Client.*MergePay" = "payments of several orders at once are not simulated"
// "Client.TradeMergePreCreate" = "payments of several orders at once are not simulated"
// "Client.Agreement*" = "withholding is not simulated"
// "Client.FundAuth*" = "pre-authorisation is not simulated"
// "Client.UserCert*" = "identity checks are not simulated"
// "Client.Face*" = "identity checks are not simulated"
// "Client.SecurityRisk*" = "complaints are not simulated"
// "Client.OpenMiniOrderCreate" = "orders of mini programs are not simulated"
// "Client.OpenAuthAppAuthInviteCreate" = "an address for people, of the vendor's own pages"
// "Client.PublicAppAuthorize" = "an address for people, of the vendor's own pages"
// "Client.AppToAppAuth" = "an address for people, of the vendor's own pages"
// "Client.AccountAuth" = "a text for the phone's own SDK"
// "Client.FundTransAppPay" = "a text for the phone's own SDK, and its payee's red packets are not simulated"
// "Client.FundTransToAccountTransfer" = "the forerunner of uni.transfer, no longer offered to anybody"
// "Client.FundTransOrderQuery" = "the forerunner of common.query, no longer offered to anybody"
// "Client.FundAccountQuery" = "balances are not asked for"
// "Client.BillBalanceQuery" = "balances are not asked for"
// "Client.BillAccountLogQuery" = "the account's own log is not simulated, its daily file is"
// "Client.TradeOrderSettle" = "settlement between several payees is not simulated"
// "Client.TradeOrderInfoSync" = "orders of mini programs are not simulated"
// "Client.UserInfoShare" = "members' data are not simulated"
// "Client.DecodePhoneNumber" = "members' data are not simulated"
// "Client.NotifyVerify" = "the old gateway's question about a notify, with a partner number"
// "Client.GetTradeNotification" = "an older name of DecodeNotification, with the request around it"
// "Client.A*Notification" = "writes the seven letters of an acknowledgement"
// "Client.OnReceivedData" = "a listener of its own"
// "Client.IsProduction" = "says what New was told"
// "Client.URLValues" = "every call goes through it"
// "Client.EncodeParam" = "TradeAppPay is nothing else"
// "Client.BuildURL" = "TradePagePay is nothing else"
// "Client.Request" = "every call goes through it"
// ///

package main

import (
	"context"
	"net/url"
	"strings"

	"github.com/smartwalle/alipay/v3"
)

func init() {
	judges["smartwalle_alipay"] = Judge{
		Public: func(*World) []string { return append(PublicOf(&alipay.Client{}, "Client"), "New") },
		Steps: map[string]func(*World){
			"precreate_pay_refund": smartwallePrecreatePayRefund,
			"barcode":              smartwalleBarcode,
			"create_close_cancel":  smartwalleCreateCloseCancel,
			"refund_applied_for":   smartwalleRefundAppliedFor,
			"page_and_app":         smartwallePageAndApp,
			"certificate_mode":     smartwalleCertificateMode,
			"encrypted_content":    smartwalleEncryptedContent,
			"transfers":            smartwalleTransfers,
			"oauth":                smartwalleOauth,
			"bills":                smartwalleBills,
		},
	}
}

const subject = "打赏 & 玫瑰 +1 {x pp000001"

func smartwalleClient(w *World) *alipay.Client {
	gateway := alipay.WithProductionGateway(w.URL("alipay") + "/gateway.do")
	return must(Watch(w, alipay.New)(w.Text("alipay/app_id"), w.Text("alipay/app_private_key.pkcs1.b64"), true, gateway))
}

func smartwalleShop(w *World) *alipay.Client {
	client := smartwalleClient(w)
	fine(Watch(w, client.LoadAliPayPublicKey)(w.Text("alipay/alipay_public_key.b64")))
	return client
}

func smartwalleOrder(w *World, number, amount string) alipay.Trade {
	return alipay.Trade{Subject: subject, OutTradeNo: number, TotalAmount: amount, NotifyURL: w.NotifyURL("alipay", number)}
}

func smartwallePrecreatePayRefund(w *World) {
	ctx, client, order := context.Background(), smartwalleShop(w), "smartwalle1"
	made := must(Watch(w, client.TradePreCreate)(ctx, alipay.TradePreCreate{Trade: smartwalleOrder(w, order, "1.23")}))
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
	fine(Watch(w, client.VerifySign)(form))
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

func smartwalleBarcode(w *World) {
	ctx, client := context.Background(), smartwalleShop(w)
	pay := func(number, amount, code string) *alipay.TradePayRsp {
		trade := smartwalleOrder(w, number, amount)
		return must(Watch(w, client.TradePay)(ctx, alipay.TradePay{Trade: trade, Scene: "bar_code", AuthCode: code}))
	}
	equal(pay("smartwallebar1", "1.23", "28763443825664377").Code, alipay.CodeSuccess)
	equal(pay("smartwallebar2", "5000.00", "28763443825664378").Code, alipay.Code("10003"))
	w.Buyer("alipay", "smartwallebar2", "pay")
	paid := must(client.TradeQuery(ctx, alipay.TradeQuery{OutTradeNo: "smartwallebar2"}))
	equal(paid.TradeStatus, alipay.TradeStatusSuccess)
}

func smartwalleCreateCloseCancel(w *World) {
	ctx, client := context.Background(), smartwalleShop(w)
	create := func(number string) *alipay.TradeCreateRsp {
		trade := alipay.TradeCreate{Trade: smartwalleOrder(w, number, "1.23"), BuyerId: "2088102146225135"}
		return must(Watch(w, client.TradeCreate)(ctx, trade))
	}
	made := create("smartwallecreate1")
	closed := must(Watch(w, client.TradeClose)(ctx, alipay.TradeClose{TradeNo: made.TradeNo}))
	equal(closed.OutTradeNo, "smartwallecreate1")
	create("smartwallecreate2")
	cancelled := must(Watch(w, client.TradeCancel)(ctx, alipay.TradeCancel{OutTradeNo: "smartwallecreate2"}))
	equal(cancelled.Action, "close")
}

func smartwalleRefundAppliedFor(w *World) {
	ctx, client, number := context.Background(), smartwalleShop(w), "smartwalleapply1"
	must(client.TradePreCreate(ctx, alipay.TradePreCreate{Trade: smartwalleOrder(w, number, "1.23")}))
	w.Buyer("alipay", number, "pay")
	part := alipay.TradeRefundAsync{OutTradeNo: number, RefundAmount: "1.23", OutRequestNo: "r1"}
	equal(must(Watch(w, client.TradeRefundAsync)(ctx, part)).RefundStatus, "REFUND_PROCESSING")
}

func smartwallePageAndApp(w *World) {
	client := smartwalleShop(w)
	page := alipay.TradePagePay{Trade: smartwalleOrder(w, "smartwallepage1", "1.23")}
	wap := alipay.TradeWapPay{Trade: smartwalleOrder(w, "smartwallewap1", "1.23")}
	app := alipay.TradeAppPay{Trade: smartwalleOrder(w, "smartwalleapp1", "1.23")}
	gateway := w.URL("alipay") + "/gateway.do?"
	sent := map[string]string{
		"smartwallepage1": must(Watch(w, client.TradePagePay)(page)).String(),
		"smartwallewap1":  must(Watch(w, client.TradeWapPay)(wap)).String(),
		"smartwalleapp1":  gateway + must(Watch(w, client.TradeAppPay)(app)),
	}
	for number, address := range sent {
		check(strings.HasPrefix(redirect(address), "/_cashier/"), "%s leads to %q", number, redirect(address))
		w.Buyer("alipay", number, "pay")
		equal(must(client.DecodeNotification(w.Notify("alipay", number).Form())).OutTradeNo, number)
	}
}

func smartwalleCertified(w *World) *alipay.Client {
	client := smartwalleClient(w)
	fine(Watch(w, client.LoadAppCertPublicKeyFromFile)(w.Path("alipay/appCertPublicKey.crt")))
	fine(Watch(w, client.LoadAlipayCertPublicKeyFromFile)(w.Path("alipay/alipayCertPublicKey_RSA2.crt")))
	fine(Watch(w, client.LoadAliPayRootCertFromFile)(w.Path("alipay/alipayRootCert.crt")))
	return client
}

func smartwalleCertificateMode(w *World) {
	ctx, client := context.Background(), smartwalleCertified(w)
	unknown := must(client.TradeQuery(ctx, alipay.TradeQuery{OutTradeNo: "smartwallenever"}))
	equal(unknown.SubCode, "ACQ.TRADE_NOT_EXIST")
}

func smartwalleEncryptedContent(w *World) {
	ctx, client := context.Background(), smartwalleShop(w)
	fine(Watch(w, client.SetEncryptKey)(w.Text("alipay/aes_key")))
	made := must(client.TradePreCreate(ctx, alipay.TradePreCreate{Trade: smartwalleOrder(w, "smartwalleaes1", "1.23")}))
	equal(made.OutTradeNo, "smartwalleaes1")
	unknown := must(client.TradeQuery(ctx, alipay.TradeQuery{OutTradeNo: "smartwallenever"}))
	equal(unknown.SubCode, "ACQ.TRADE_NOT_EXIST")
}

func smartwalleTransfers(w *World) {
	ctx, client := context.Background(), smartwalleCertified(w)
	paid := must(Watch(w, client.FundTransUniTransfer)(ctx, alipay.FundTransUniTransfer{
		OutBizNo: "smartwalletransfer1", TransAmount: "1.23", ProductCode: "TRANS_ACCOUNT_NO_PWD", BizScene: "DIRECT_TRANSFER",
		PayeeInfo: &alipay.PayeeInfo{Identity: "2088102146225135", IdentityType: "ALIPAY_USER_ID"},
	}))
	equal(paid.Status, "SUCCESS")
	known := must(Watch(w, client.FundTransCommonQuery)(ctx, alipay.FundTransCommonQuery{
		OutBizNo: "smartwalletransfer1", ProductCode: "TRANS_ACCOUNT_NO_PWD", BizScene: "DIRECT_TRANSFER",
	}))
	equal(known.TransAmount, "1.23")
}

func smartwalleConsent(w *World, page, name string) string {
	query := url.Values{"app_id": {w.Text("alipay/app_id")}, "redirect_uri": {"http://127.0.0.1:9/back"}}
	back := must(url.Parse(redirect(w.URL("alipay") + "/oauth2/" + page + "?" + query.Encode())))
	return back.Query().Get(name)
}

func smartwalleOauth(w *World) {
	ctx, client := context.Background(), smartwalleShop(w)
	code := smartwalleConsent(w, "publicAppAuthorize.htm", "auth_code")
	user := must(Watch(w, client.SystemOauthToken)(ctx, alipay.SystemOauthToken{GrantType: "authorization_code", Code: code}))
	check(user.AccessToken != "", "no token: %v", user)

	code = smartwalleConsent(w, "appToAppAuth.htm", "app_auth_code")
	grant := alipay.OpenAuthTokenApp{GrantType: "authorization_code", Code: code}
	merchant := must(Watch(w, client.OpenAuthTokenApp)(ctx, grant))
	check(len(merchant.Tokens) == 1, "tokens: %v", merchant)
	asked := alipay.OpenAuthTokenAppQuery{AppAuthToken: merchant.Tokens[0].AppAuthToken}
	equal(must(Watch(w, client.OpenAuthTokenAppQuery)(ctx, asked)).Status, "valid")
}

func smartwalleBills(w *World) {
	ctx, client := context.Background(), smartwalleShop(w)
	must(client.TradePreCreate(ctx, alipay.TradePreCreate{Trade: smartwalleOrder(w, "smartwallebill1", "1.23")}))
	w.Buyer("alipay", "smartwallebill1", "pay")
	asked := alipay.BillDownloadURLQuery{BillType: "trade", BillDate: w.NextDay()}
	told := must(Watch(w, client.BillDownloadURLQuery)(ctx, asked))
	check(strings.Contains(told.BillDownloadURL, "bizType=trade"), "%v", told)
}
