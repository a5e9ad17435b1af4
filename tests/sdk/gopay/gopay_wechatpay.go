// gopay against WeChat Pay: API v3 by certificates that it fetches itself, and by public key; the XML API with its client certificate.
//
// Facts: wechatpay/sdk-traps, wechatpay/sdk-ways
//
// /// sdk
// package = "github.com/go-pay/gopay"
// provider = "wechatpay"
// door = "proxy"
//
// [steps]
// v3_native_all_the_way_round = [
//   "ClientV3.AutoVerifySign", "ClientV3.V3TransactionNative", "ClientV3.V3TransactionQueryOrder", "ClientV3.V3TransactionCloseOrder",
//   "ClientV3.V3Refund", "ClientV3.V3RefundQuery", "V3ParseNotify", "V3NotifyReq.VerifySignByPKMap", "V3NotifyReq.DecryptPayCipherText",
//   "V3NotifyReq.DecryptRefundCipherText",
// ]
// v3_public_key_mode = ["ClientV3.AutoVerifySignByPublicKey", "ClientV3.V3TransactionNative", "V3NotifyReq.VerifySignByPKMap"]
// v3_pages_apps_and_phones = [
//   "ClientV3.V3TransactionJsapi", "ClientV3.PaySignOfJSAPI", "ClientV3.PaySignOfApplet", "ClientV3.V3TransactionApp",
//   "ClientV3.PaySignOfApp", "ClientV3.V3TransactionH5",
// ]
// v3_payment_code = ["ClientV3.V3TransactionCodePay", "ClientV3.V3TransactionCodePayReverse"]
// v3_combined = [
//   "ClientV3.V3CombineTransactionNative", "ClientV3.V3CombineTransactionJsapi", "ClientV3.V3CombineTransactionApp",
//   "ClientV3.V3CombineTransactionH5", "ClientV3.V3CombineQueryOrder", "ClientV3.V3CombineCloseOrder", "V3NotifyReq.DecryptCombineCipherText",
// ]
// v3_transfers = [
//   "ClientV3.V3EncryptText", "ClientV3.V3TransferBills", "ClientV3.V3TransferBillsMerchantQuery", "ClientV3.V3TransferBillsQuery",
//   "ClientV3.V3TransferBillsCancel", "ClientV3.V3Transfer", "ClientV3.V3TransferMerchantQuery", "ClientV3.V3TransferMerchantDetail",
//   "ClientV3.V3TransferQuery", "ClientV3.V3TransferDetail",
// ]
// xml_order_pay_refund = [
//   "Client.AddCertPemFilePath", "Client.UnifiedOrder", "Client.QueryOrder", "Client.CloseOrder", "Client.Refund", "Client.QueryRefund",
//   "ParseNotifyToBodyMap", "VerifySign", "ParseRefundNotify", "DecryptRefundNotifyReqInfo",
// ]
// xml_payment_code = ["Client.Micropay", "Client.Reverse", "Client.AuthCodeToOpenId"]
// xml_payouts = ["Client.AddCertPkcs12FilePath", "Client.Transfer", "Client.GetTransferInfo", "Client.SendCashRed", "Client.QueryRedRecord"]
// bills = [
//   "ClientV3.V3BillTradeBill", "ClientV3.V3BillFundFlowBill", "ClientV3.V3BillDownLoadBill", "Client.DownloadBill", "Client.DownloadFundFlow",
// ]
//
// [out_of_scope]
// "ClientV3.V3TransferElecsign*" = "signed receipts of transfers are not simulated"
// "ClientV3.V3Transfer*Receipt*" = "receipts of transfers are not simulated"
// "ClientV3.V3QQTransactionH5" = "QQ's browser is not simulated"
// "ClientV3.V3CombineQQTransactionH5" = "QQ's browser is not simulated"
// ///

package main

import (
	"net/http"
	"strings"

	"github.com/go-pay/gopay"
	"github.com/go-pay/gopay/wechat"
	wechat3 "github.com/go-pay/gopay/wechat/v3"
)

const gopayOpenid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"

func init() {
	judges["gopay_wechatpay"] = Judge{
		Public: func(*World) []string {
			var judged []string
			for _, method := range PublicOf(&wechat3.ClientV3{}, "ClientV3") {
				for _, group := range []string{"V3Transaction", "V3CombineT", "V3CombineQ", "V3CombineC", "V3Transfer", "V3Refund", "V3QQ"} {
					if strings.HasPrefix(method, "ClientV3."+group) {
						judged = append(judged, method)
						break
					}
				}
			}
			return judged
		},
		Steps: map[string]func(*World){
			"v3_native_all_the_way_round": func(w *World) { gopayAllTheWayRound(w, gopayCertificateMode(w), "gopaynative1") },
			"v3_public_key_mode":          func(w *World) { gopayAllTheWayRound(w, gopayPublicKey(w), "gopaypublic1") },
			"v3_pages_apps_and_phones":    gopayPagesAppsAndPhones,
			"v3_payment_code":             gopayPaymentCode,
			"v3_combined":                 gopayCombined,
			"v3_transfers":                gopayTransferBills,
			"xml_order_pay_refund":        gopayXMLOrder,
			"xml_payment_code":            gopayXMLPaymentCode,
			"xml_payouts":                 gopayXMLPayouts,
			"bills":                       gopayWechatBills,
		},
	}
}

func gopayWechatFile(w *World, name string) string {
	return strings.TrimSpace(w.Text("wechatpay/" + name))
}

func gopayWechat(w *World) *wechat3.ClientV3 {
	return must(wechat3.NewClientV3(gopayWechatFile(w, "mchid"), gopayWechatFile(w, "apiclient_serial_no"),
		gopayWechatFile(w, "apiv3_key"), w.Text("wechatpay/apiclient_key.pem")))
}

func gopayCertificateMode(w *World) *wechat3.ClientV3 {
	client := gopayWechat(w)
	fine(Watch(w, client.AutoVerifySign)(false))
	return client
}

func gopayPublicKey(w *World) *wechat3.ClientV3 {
	client := gopayWechat(w)
	key, id := w.Text("wechatpay/wechatpay_public_key.pem"), gopayWechatFile(w, "wechatpay_public_key_id")
	fine(Watch(w, client.AutoVerifySignByPublicKey)([]byte(key), id))
	return client
}

func gopayWechatOrder(w *World, number, tag string) gopay.BodyMap {
	return gopay.BodyMap{
		"appid": gopayWechatFile(w, "appid"), "mchid": gopayWechatFile(w, "mchid"), "description": gopaySubject, "out_trade_no": number,
		"notify_url": w.NotifyURL("wechatpay", tag), "amount": map[string]any{"total": 123, "currency": "CNY"},
	}
}

// gopayTold is the next notify, verified by the key that its serial names.
func gopayTold(w *World, client *wechat3.ClientV3, tag string) *wechat3.V3NotifyReq {
	told := must(Watch(w, wechat3.V3ParseNotify)(w.Notify("wechatpay", tag).Request()))
	fine(Watch(w, told.VerifySignByPKMap)(client.WxPublicKeyMap()))
	return told
}

func gopayAllTheWayRound(w *World, client *wechat3.ClientV3, order string) {
	key := gopayWechatFile(w, "apiv3_key")
	made := must(Watch(w, client.V3TransactionNative)(background, gopayWechatOrder(w, order, order)))
	check(made.Code == 0 && strings.HasPrefix(made.Response.CodeUrl, "weixin://"), "%+v", made)
	query := func() string {
		known := must(Watch(w, client.V3TransactionQueryOrder)(background, wechat3.OutTradeNo, order))
		check(known.Code == 0, "%s", known.Error)
		return known.Response.TradeState
	}
	equal(query(), "NOTPAY")
	w.Buyer("wechatpay", order, "pay")
	equal(query(), "SUCCESS")
	paid := gopayTold(w, client, order)
	equal(must(Watch(w, paid.DecryptPayCipherText)(key)).Amount.PayerTotal, 123)

	refund := gopay.BodyMap{
		"out_trade_no": order, "out_refund_no": "r" + order, "notify_url": w.NotifyURL("wechatpay", order),
		"amount": map[string]any{"refund": 23, "total": 123, "currency": "CNY"},
	}
	asked := must(Watch(w, client.V3Refund)(background, refund))
	check(asked.Code == 0, "%s", asked.Error)
	equal(must(Watch(w, gopayTold(w, client, order).DecryptRefundCipherText)(key)).RefundStatus, "SUCCESS")
	equal(must(Watch(w, client.V3RefundQuery)(background, "r"+order, nil)).Response.Status, "SUCCESS")

	must(client.V3TransactionNative(background, gopayWechatOrder(w, "x"+order, order)))
	equal(must(Watch(w, client.V3TransactionCloseOrder)(background, "x"+order)).Code, 0)
	missing := must(client.V3TransactionQueryOrder(background, wechat3.OutTradeNo, "not"+order))
	equal(missing.Code, http.StatusNotFound)
	equal(missing.ErrResponse.Code, "ORDER_NOT_EXIST")
}

func gopayPagesAppsAndPhones(w *World) {
	client, appid := gopayCertificateMode(w), gopayWechatFile(w, "appid")
	const tag = "gopaypages3"
	jsapi := gopayWechatOrder(w, "gopayjsapi1", tag).Set("payer", map[string]string{"openid": gopayOpenid})
	prepaid := must(Watch(w, client.V3TransactionJsapi)(background, jsapi)).Response.PrepayId
	equal(must(Watch(w, client.PaySignOfJSAPI)(appid, prepaid)).Package, "prepay_id="+prepaid)
	equal(must(Watch(w, client.PaySignOfApplet)(appid, prepaid)).SignType, "RSA")
	prepaid = must(Watch(w, client.V3TransactionApp)(background, gopayWechatOrder(w, "gopayapp3", tag))).Response.PrepayId
	equal(must(Watch(w, client.PaySignOfApp)(appid, prepaid)).Package, "Sign=WXPay")
	scene := map[string]any{"payer_client_ip": "127.0.0.1", "h5_info": map[string]string{"type": "Wap"}}
	h5 := must(Watch(w, client.V3TransactionH5)(background, gopayWechatOrder(w, "gopayh51", tag).Set("scene_info", scene)))
	check(strings.HasPrefix(h5.Response.H5Url, "https://wx.tenpay.com/"), "%s", h5.Response.H5Url)
	for number, kind := range map[string]string{"gopayjsapi1": "JSAPI", "gopayapp3": "APP", "gopayh51": "MWEB"} {
		w.Buyer("wechatpay", number, "pay")
		equal(must(gopayTold(w, client, tag).DecryptPayCipherText(gopayWechatFile(w, "apiv3_key"))).TradeType, kind)
	}
}

func gopayPaymentCode(w *World) {
	client := gopayCertificateMode(w)
	order := gopayWechatOrder(w, "gopaycode1", "gopaycode").Set("payer", map[string]string{"auth_code": "130061098828009401"})
	order.Set("scene_info", map[string]any{"store_info": map[string]string{"id": "0001"}, "payer_client_ip": "127.0.0.1"})
	paid := must(Watch(w, client.V3TransactionCodePay)(background, order))
	check(paid.Code == 0 && paid.Response.TradeState == "SUCCESS", "%+v", paid)
	undo := gopay.BodyMap{"appid": gopayWechatFile(w, "appid"), "mchid": gopayWechatFile(w, "mchid")}
	undone := must(Watch(w, client.V3TransactionCodePayReverse)(background, "gopaycode1", undo))
	check(undone.Code == 0, "%s", undone.Error)
}

func gopayCombinedOrder(w *World, number string) gopay.BodyMap {
	part := func(place string) map[string]any {
		return map[string]any{
			"mchid": gopayWechatFile(w, "mchid"), "attach": "x", "out_trade_no": number + place, "description": gopaySubject,
			"amount": map[string]any{"total_amount": 100, "currency": "CNY"},
		}
	}
	return gopay.BodyMap{
		"combine_appid": gopayWechatFile(w, "appid"), "combine_mchid": gopayWechatFile(w, "mchid"), "combine_out_trade_no": number,
		"sub_orders": []map[string]any{part("a"), part("b")}, "notify_url": w.NotifyURL("wechatpay", "gopaycombined"),
		"combine_payer_info": map[string]string{"openid": gopayOpenid},
		"scene_info":         map[string]any{"payer_client_ip": "127.0.0.1", "h5_info": map[string]string{"type": "Wap"}},
	}
}

func gopayCombined(w *World) {
	client := gopayCertificateMode(w)
	made := must(Watch(w, client.V3CombineTransactionNative)(background, gopayCombinedOrder(w, "gopaycombined1")))
	check(made.Code == 0, "%s", made.Error)
	w.Control("/qr", map[string]string{"qr_code": made.Response.CodeUrl, "action": "pay"})
	told := must(Watch(w, gopayTold(w, client, "gopaycombined").DecryptCombineCipherText)(gopayWechatFile(w, "apiv3_key")))
	equal(told.CombineOutTradeNo, "gopaycombined1")
	equal(must(Watch(w, client.V3CombineQueryOrder)(background, "gopaycombined1")).Response.SubOrders[1].TradeState, "SUCCESS")
	for _, answer := range []int{
		must(Watch(w, client.V3CombineTransactionJsapi)(background, gopayCombinedOrder(w, "gopaycombined2"))).Code,
		must(Watch(w, client.V3CombineTransactionApp)(background, gopayCombinedOrder(w, "gopaycombined3"))).Code,
		must(Watch(w, client.V3CombineTransactionH5)(background, gopayCombinedOrder(w, "gopaycombined4"))).Code,
	} {
		equal(answer, 0)
	}
	part := func(place string) map[string]string {
		return map[string]string{"mchid": gopayWechatFile(w, "mchid"), "out_trade_no": "gopaycombined2" + place}
	}
	close := gopay.BodyMap{"combine_appid": gopayWechatFile(w, "appid"), "sub_orders": []map[string]string{part("a"), part("b")}}
	equal(must(Watch(w, client.V3CombineCloseOrder)(background, "gopaycombined2", close)).Code, 0)
}

func gopayTransferBills(w *World) {
	client := gopayCertificateMode(w)
	name := must(Watch(w, client.V3EncryptText)("张三"))
	bill := func(number string) gopay.BodyMap {
		return gopay.BodyMap{
			"appid": gopayWechatFile(w, "appid"), "out_bill_no": number, "transfer_scene_id": "1000", "openid": gopayOpenid, "user_name": name,
			"transfer_amount": 400, "transfer_remark": "x", "notify_url": w.NotifyURL("wechatpay", number),
			"transfer_scene_report_infos": []map[string]string{
				{"info_type": "活动名称", "info_content": "x"}, {"info_type": "奖励说明", "info_content": "y"},
			},
		}
	}
	made := must(Watch(w, client.V3TransferBills)(background, bill("gopaybill1")))
	check(made.Code == 0, "%s", made.Error)
	equal(must(Watch(w, client.V3TransferBillsMerchantQuery)(background, "gopaybill1")).Response.State, made.Response.State)
	equal(must(Watch(w, client.V3TransferBillsQuery)(background, made.Response.TransferBillNo)).Response.OutBillNo, "gopaybill1")
	cancelled := must(Watch(w, client.V3TransferBillsCancel)(background, "gopaybill1"))
	check(cancelled.Code == 0, "%s", cancelled.Error)
	gopayBatch(w, client, name)
}

func gopayBatch(w *World, client *wechat3.ClientV3, name string) {
	batch := gopay.BodyMap{
		"appid": gopayWechatFile(w, "appid"), "out_batch_no": "gopaybatch1", "batch_name": "x", "batch_remark": "x", "total_amount": 400, "total_num": 1,
		"transfer_detail_list": []map[string]any{{
			"out_detail_no": "gopaybatch1a", "transfer_amount": 400, "transfer_remark": "x", "openid": gopayOpenid, "user_name": name,
		}},
	}
	made := must(Watch(w, client.V3Transfer)(background, batch))
	check(made.Code == 0, "%s", made.Error)
	wanted := gopay.BodyMap{"need_query_detail": true, "detail_status": "ALL"}
	mine := must(Watch(w, client.V3TransferMerchantQuery)(background, "gopaybatch1", wanted))
	check(mine.Code == 0, "%s", mine.Error)
	theirs := must(Watch(w, client.V3TransferQuery)(background, made.Response.BatchId, wanted))
	check(theirs.Code == 0, "%s", theirs.Error)
	detail := must(Watch(w, client.V3TransferMerchantDetail)(background, "gopaybatch1", "gopaybatch1a"))
	check(detail.Code == 0, "%s", detail.Error)
	again := must(Watch(w, client.V3TransferDetail)(background, made.Response.BatchId, detail.Response.DetailId))
	check(again.Code == 0, "%s", again.Error)
}

func gopayXML(w *World) *wechat.Client {
	client := wechat.NewClient(gopayWechatFile(w, "appid"), gopayWechatFile(w, "mchid"), gopayWechatFile(w, "apiv2_key"), true)
	fine(Watch(w, client.AddCertPemFilePath)(w.Path("wechatpay/apiclient_cert.pem"), w.Path("wechatpay/apiclient_key.pem")))
	return client
}

func gopayXMLBody(sets ...any) gopay.BodyMap {
	body := gopay.BodyMap{"nonce_str": "gopay0123456789", "sign_type": wechat.SignType_HMAC_SHA256}
	for place := 0; place < len(sets); place += 2 {
		body.Set(sets[place].(string), sets[place+1])
	}
	return body
}

func gopayXMLOrder(w *World) {
	client, key, order := gopayXML(w), gopayWechatFile(w, "apiv2_key"), "gopayxml1"
	unified := func(number string) gopay.BodyMap {
		return gopayXMLBody("body", gopaySubject, "out_trade_no", number, "total_fee", 123, "spbill_create_ip", "127.0.0.1",
			"notify_url", w.NotifyURL("wechatpay", order), "trade_type", wechat.TradeType_Native, "product_id", "1")
	}
	made := must(Watch(w, client.UnifiedOrder)(background, unified(order)))
	check(made.ReturnCode == "SUCCESS" && made.ResultCode == "SUCCESS", "%+v", made)
	w.Buyer("wechatpay", order, "pay")
	told := must(Watch(w, wechat.ParseNotifyToBodyMap)(w.Notify("wechatpay", order).Request()))
	check(must(Watch(w, wechat.VerifySign)(key, wechat.SignType_HMAC_SHA256, told)), "the notify is not believed")
	known, all, err := Watch(w, client.QueryOrder)(background, gopayXMLBody("out_trade_no", order))
	fine(err)
	equal(known.TradeState, "SUCCESS")
	check(must(wechat.VerifySign(key, wechat.SignType_HMAC_SHA256, all)), "the answer is not believed")

	refund := gopayXMLBody("out_trade_no", order, "out_refund_no", "r"+order, "total_fee", 123, "refund_fee", 23, "notify_url", w.NotifyURL("wechatpay", order))
	asked, _, err := Watch(w, client.Refund)(background, refund)
	fine(err)
	equal(asked.ResultCode, "SUCCESS")
	sealed := must(Watch(w, wechat.ParseRefundNotify)(w.Notify("wechatpay", order).Request()))
	equal(must(Watch(w, wechat.DecryptRefundNotifyReqInfo)(sealed.ReqInfo, key)).RefundStatus, "SUCCESS")
	found, _, err := Watch(w, client.QueryRefund)(background, gopayXMLBody("out_refund_no", "r"+order))
	fine(err)
	equal(found.ResultCode, "SUCCESS")

	must(client.UnifiedOrder(background, unified("x"+order)))
	equal(must(Watch(w, client.CloseOrder)(background, gopayXMLBody("out_trade_no", "x"+order))).ResultCode, "SUCCESS")
	missing, _, err := client.QueryOrder(background, gopayXMLBody("out_trade_no", "not"+order))
	fine(err)
	equal(missing.ErrCode, "ORDERNOTEXIST")
}

func gopayXMLPaymentCode(w *World) {
	client := gopayXML(w)
	order := gopayXMLBody("body", gopaySubject, "out_trade_no", "gopayxmlcode1", "total_fee", 123, "spbill_create_ip", "127.0.0.1", "auth_code", "130061098828009402")
	equal(must(Watch(w, client.Micropay)(background, order)).ResultCode, "SUCCESS")
	equal(must(Watch(w, client.Reverse)(background, gopayXMLBody("out_trade_no", "gopayxmlcode1"))).ResultCode, "SUCCESS")
	known := must(Watch(w, client.AuthCodeToOpenId)(background, gopayXMLBody("auth_code", "130061098828009403")))
	check(known.ResultCode == "SUCCESS" && known.Openid != "", "%+v", known)
	order.Set("out_trade_no", "gopayxmlcode2").Set("total_fee", 500000).Set("auth_code", "130061098828009404")
	order.Remove("sign")
	equal(must(client.Micropay(background, order)).ErrCode, "USERPAYING")
}

func gopayXMLPayouts(w *World) {
	client := wechat.NewClient(gopayWechatFile(w, "appid"), gopayWechatFile(w, "mchid"), gopayWechatFile(w, "apiv2_key"), true)
	fine(Watch(w, client.AddCertPkcs12FilePath)(w.Path("wechatpay/apiclient_cert.p12")))
	out := gopay.BodyMap{
		"nonce_str": "gopay0123456789", "partner_trade_no": "gopayout1", "openid": gopayOpenid, "check_name": "NO_CHECK", "amount": 100, "desc": "x",
		"spbill_create_ip": "127.0.0.1",
	}
	made := must(Watch(w, client.Transfer)(background, out))
	check(made.ResultCode == "SUCCESS", "%+v", made)
	known := must(Watch(w, client.GetTransferInfo)(background, gopay.BodyMap{"nonce_str": "gopay0123456789", "partner_trade_no": "gopayout1"}))
	equal(known.Status, "SUCCESS")
	red := gopay.BodyMap{
		"nonce_str": "gopay0123456789", "mch_billno": gopayWechatFile(w, "mchid") + "202601010000000001", "wxappid": gopayWechatFile(w, "appid"),
		"send_name": "x", "re_openid": gopayOpenid, "total_amount": 100, "total_num": 1, "wishing": "x", "client_ip": "127.0.0.1", "act_name": "x", "remark": "x",
	}
	sent := must(Watch(w, client.SendCashRed)(background, red))
	check(sent.ResultCode == "SUCCESS", "%+v", sent)
	asked := gopay.BodyMap{"nonce_str": "gopay0123456789", "mch_billno": red.Get("mch_billno"), "appid": gopayWechatFile(w, "appid"), "bill_type": "MCHT"}
	found := must(Watch(w, client.QueryRedRecord)(background, asked))
	check(found.ResultCode == "SUCCESS", "%+v", found)
}

func gopayWechatBills(w *World) {
	client, xml := gopayCertificateMode(w), gopayXML(w)
	day := w.NextDay()
	for _, found := range []*wechat3.BillRsp{
		must(Watch(w, client.V3BillTradeBill)(background, gopay.BodyMap{"bill_date": day, "bill_type": "ALL"})),
		must(Watch(w, client.V3BillFundFlowBill)(background, gopay.BodyMap{"bill_date": day})),
	} {
		check(found.Code == 0, "%s", found.Error)
		text := must(Watch(w, client.V3BillDownLoadBill)(background, found.Response.DownloadUrl))
		check(strings.Contains(string(text), "`"), "%s", text)
	}
	plain := strings.ReplaceAll(day, "-", "")
	trades := must(Watch(w, xml.DownloadBill)(background, gopayXMLBody("bill_date", plain, "bill_type", "ALL")))
	check(strings.Contains(trades, "gopayxml1"), "%s", trades)
	flow := must(Watch(w, xml.DownloadFundFlow)(background, gopayXMLBody("bill_date", plain, "account_type", "Basic")))
	check(strings.Contains(flow, "`"), "%s", flow)
}
