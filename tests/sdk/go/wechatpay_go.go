// wechatpay-go, WeChat Pay's own, against API v3: what it is told, and whether it believes it. It verifies stamp, serial and
// signature of every answer by itself, in certificate mode (it fetches the list when it starts) and in public-key mode.
//
// Facts: wechatpay/sdk-traps, wechatpay/sdk-ways
//
// /// sdk
// package = "github.com/wechatpay-apiv3/wechatpay-go"
// provider = "wechatpay"
// door = "proxy"
//
// [steps]
// native_all_the_way_round = [
//   "NativeApiService.Prepay", "NativeApiService.QueryOrderByOutTradeNo", "NativeApiService.QueryOrderById",
//   "NativeApiService.CloseOrder", "RefundsApiService.Create", "RefundsApiService.QueryByOutRefundNo",
//   "Handler.ParseNotifyRequest",
// ]
// public_key_mode = [
//   "NativeApiService.Prepay", "NativeApiService.QueryOrderByOutTradeNo", "Handler.ParseNotifyRequest",
// ]
// pages_apps_and_phones = [
//   "JsapiApiService.PrepayWithRequestPayment", "JsapiApiService.Prepay", "JsapiApiService.QueryOrderByOutTradeNo",
//   "JsapiApiService.QueryOrderById", "JsapiApiService.CloseOrder",
//   "AppApiService.PrepayWithRequestPayment", "AppApiService.Prepay", "AppApiService.QueryOrderByOutTradeNo",
//   "AppApiService.QueryOrderById", "AppApiService.CloseOrder",
//   "H5ApiService.Prepay", "H5ApiService.QueryOrderByOutTradeNo", "H5ApiService.QueryOrderById", "H5ApiService.CloseOrder",
// ]
// batches = [
//   "TransferBatchApiService.InitiateBatchTransfer", "TransferBatchApiService.GetTransferBatchByOutNo",
//   "TransferBatchApiService.GetTransferBatchByNo", "TransferDetailApiService.GetTransferDetailByOutNo",
//   "TransferDetailApiService.GetTransferDetailByNo",
// ]
// certificates = ["CertificatesApiService.DownloadCertificates"]
// forged_and_probed = ["NativeApiService.Prepay"]
//
// [out_of_scope]
// "Handler.*" = "called by ParseNotifyRequest from inside"
// ///

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/downloader"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/certificates"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/app"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"
	"github.com/wechatpay-apiv3/wechatpay-go/services/transferbatch"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

func init() {
	judges["wechatpay_go"] = Judge{
		Public: func(*World) []string {
			all := PublicOf(&native.NativeApiService{}, "NativeApiService")
			all = append(all, PublicOf(&jsapi.JsapiApiService{}, "JsapiApiService")...)
			all = append(all, PublicOf(&app.AppApiService{}, "AppApiService")...)
			all = append(all, PublicOf(&h5.H5ApiService{}, "H5ApiService")...)
			all = append(all, PublicOf(&refunddomestic.RefundsApiService{}, "RefundsApiService")...)
			all = append(all, PublicOf(&transferbatch.TransferBatchApiService{}, "TransferBatchApiService")...)
			all = append(all, PublicOf(&transferbatch.TransferDetailApiService{}, "TransferDetailApiService")...)
			all = append(all, PublicOf(&certificates.CertificatesApiService{}, "CertificatesApiService")...)
			return append(all, PublicOf(&notify.Handler{}, "Handler")...)
		},
		Steps: map[string]func(*World){
			"native_all_the_way_round": func(w *World) { wechatAllTheWayRound(w, wechatShop(w, false), "gonative1") },
			"public_key_mode":          func(w *World) { wechatAllTheWayRound(w, wechatShop(w, true), "gopublic1") },
			"pages_apps_and_phones":    wechatPagesAppsAndPhones,
			"batches":                  wechatBatches,
			"certificates":             wechatCertificates,
			"forged_and_probed":        wechatForgedAndProbed,
		},
	}
}

const wechatOpenid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"

var ctx = context.Background()

type wechat struct {
	*core.Client
	appid, mchid *string
	verifier     auth.Verifier
	key          string
}

func wechatFile(w *World, name string) string { return strings.TrimSpace(w.Text("wechatpay/" + name)) }

func wechatShop(w *World, publicKey bool) wechat {
	key := must(utils.LoadPrivateKey(wechatFile(w, "apiclient_key.pem")))
	mchid, serial, v3 := wechatFile(w, "mchid"), wechatFile(w, "apiclient_serial_no"), wechatFile(w, "apiv3_key")
	shop := wechat{appid: core.String(wechatFile(w, "appid")), mchid: &mchid, key: v3}
	if publicKey {
		id, pub := wechatFile(w, "wechatpay_public_key_id"), must(utils.LoadPublicKey(wechatFile(w, "wechatpay_public_key.pem")))
		shop.Client = must(core.NewClient(ctx, option.WithWechatPayPublicKeyAuthCipher(mchid, serial, key, id, pub)))
		shop.verifier = verifiers.NewSHA256WithRSAPubkeyVerifier(id, *pub)
		return shop
	}
	shop.Client = must(core.NewClient(ctx, option.WithWechatPayAutoAuthCipher(mchid, serial, key, v3)))
	shop.verifier = verifiers.NewSHA256WithRSAVerifier(downloader.MgrInstance().GetCertificateVisitor(mchid))
	return shop
}

// told is the next notify, verified and decrypted by the SDK.
func (s wechat) told(w *World, tag string, content any) *notify.Request {
	received := w.Notify("wechatpay", tag)
	request := must(http.NewRequest("POST", "http://shop.example/notify", bytes.NewReader(received.Body)))
	for name, value := range received.Headers {
		request.Header.Set(name, value)
	}
	handler := must(notify.NewRSANotifyHandler(s.key, s.verifier))
	return must(Watch(w, handler.ParseNotifyRequest)(ctx, request, content))
}

func (s wechat) native(w *World, number string) native.PrepayRequest {
	return native.PrepayRequest{
		Appid: s.appid, Mchid: s.mchid, Description: core.String(subject), OutTradeNo: &number, Attach: core.String("房间 7"),
		TimeExpire: core.Time(time.Now().Add(time.Hour)), NotifyUrl: core.String(w.NotifyURL("wechatpay", number)),
		Amount: &native.Amount{Total: core.Int64(123)},
	}
}

func wechatAllTheWayRound(w *World, shop wechat, order string) {
	service := native.NativeApiService{Client: shop.Client}
	made, _, err := Watch(w, service.Prepay)(ctx, shop.native(w, order))
	fine(err)
	check(strings.HasPrefix(*made.CodeUrl, "weixin://wxpay/bizpayurl?pr="), "%s", *made.CodeUrl)
	w.Buyer("wechatpay", order, "pay")
	query := native.QueryOrderByOutTradeNoRequest{OutTradeNo: &order, Mchid: shop.mchid}
	paid, _, err := Watch(w, service.QueryOrderByOutTradeNo)(ctx, query)
	fine(err)
	equal(*paid.TradeState, "SUCCESS")
	byId, _, err := Watch(w, service.QueryOrderById)(ctx, native.QueryOrderByIdRequest{TransactionId: paid.TransactionId, Mchid: shop.mchid})
	fine(err)
	equal(*byId.OutTradeNo, order)
	transaction := payments.Transaction{}
	equal(shop.told(w, order, &transaction).EventType, "TRANSACTION.SUCCESS")
	equal(*transaction.TransactionId, *paid.TransactionId)

	refunds := refunddomestic.RefundsApiService{Client: shop.Client}
	back := refunddomestic.CreateRequest{
		OutTradeNo: &order, OutRefundNo: core.String(order + "r"),
		Amount: &refunddomestic.AmountReq{Refund: core.Int64(23), Total: core.Int64(123), Currency: core.String("CNY")},
	}
	accepted, _, err := Watch(w, refunds.Create)(ctx, back)
	fine(err)
	equal(*accepted.Status, refunddomestic.STATUS_PROCESSING)
	w.Control("/clock/advance", map[string]any{"seconds": 5})
	known, _, err := Watch(w, refunds.QueryByOutRefundNo)(ctx, refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: back.OutRefundNo})
	fine(err)
	equal(*known.Status, refunddomestic.STATUS_SUCCESS)

	other := order + "x"
	_, _, err = service.Prepay(ctx, shop.native(w, other))
	fine(err)
	closed, err := Watch(w, service.CloseOrder)(ctx, native.CloseOrderRequest{OutTradeNo: &other, Mchid: shop.mchid})
	fine(err)
	equal(closed.Response.StatusCode, 204)
}

func wechatPagesAppsAndPhones(w *World) {
	shop := wechatShop(w, false)
	url := func(number string) *string { return core.String(w.NotifyURL("wechatpay", number)) }
	pages := jsapi.JsapiApiService{Client: shop.Client}
	page := func(number string) jsapi.PrepayRequest {
		return jsapi.PrepayRequest{
			Appid: shop.appid, Mchid: shop.mchid, Description: core.String(subject), OutTradeNo: &number, NotifyUrl: url(number),
			Amount: &jsapi.Amount{Total: core.Int64(123)}, Payer: &jsapi.Payer{Openid: core.String(wechatOpenid)},
		}
	}
	ready, _, err := Watch(w, pages.PrepayWithRequestPayment)(ctx, page("gopage1"))
	fine(err)
	wechatOpened(w, map[string]string{
		"appId": *ready.Appid, "timeStamp": *ready.TimeStamp, "nonceStr": *ready.NonceStr, "package": *ready.Package,
		"signType": *ready.SignType, "paySign": *ready.PaySign,
	})
	first, _, err := Watch(w, pages.QueryOrderByOutTradeNo)(ctx, jsapi.QueryOrderByOutTradeNoRequest{OutTradeNo: core.String("gopage1"), Mchid: shop.mchid})
	fine(err)
	_, _, err = Watch(w, pages.QueryOrderById)(ctx, jsapi.QueryOrderByIdRequest{TransactionId: first.TransactionId, Mchid: shop.mchid})
	fine(err)
	_, _, err = Watch(w, pages.Prepay)(ctx, page("gopage2"))
	fine(err)
	_, err = Watch(w, pages.CloseOrder)(ctx, jsapi.CloseOrderRequest{OutTradeNo: core.String("gopage2"), Mchid: shop.mchid})
	fine(err)

	apps := app.AppApiService{Client: shop.Client}
	inApp := func(number string) app.PrepayRequest {
		return app.PrepayRequest{
			Appid: shop.appid, Mchid: shop.mchid, Description: core.String(subject), OutTradeNo: &number, NotifyUrl: url(number),
			Amount: &app.Amount{Total: core.Int64(123)},
		}
	}
	handed, _, err := Watch(w, apps.PrepayWithRequestPayment)(ctx, inApp("goapp01"))
	fine(err)
	wechatOpened(w, map[string]string{
		"appid": *shop.appid, "partnerid": *handed.PartnerId, "prepayid": *handed.PrepayId, "package": *handed.Package,
		"noncestr": *handed.NonceStr, "timestamp": *handed.TimeStamp, "sign": *handed.Sign,
	})
	second, _, err := Watch(w, apps.QueryOrderByOutTradeNo)(ctx, app.QueryOrderByOutTradeNoRequest{OutTradeNo: core.String("goapp01"), Mchid: shop.mchid})
	fine(err)
	_, _, err = Watch(w, apps.QueryOrderById)(ctx, app.QueryOrderByIdRequest{TransactionId: second.TransactionId, Mchid: shop.mchid})
	fine(err)
	_, _, err = Watch(w, apps.Prepay)(ctx, inApp("goapp02"))
	fine(err)
	_, err = Watch(w, apps.CloseOrder)(ctx, app.CloseOrderRequest{OutTradeNo: core.String("goapp02"), Mchid: shop.mchid})
	fine(err)
	wechatPhones(w, shop)
}

func wechatPhones(w *World, shop wechat) {
	phones := h5.H5ApiService{Client: shop.Client}
	for _, number := range []string{"gophone1", "gophone2"} {
		made, _, err := Watch(w, phones.Prepay)(ctx, h5.PrepayRequest{
			Appid: shop.appid, Mchid: shop.mchid, Description: core.String(subject), OutTradeNo: core.String(number),
			NotifyUrl: core.String(w.NotifyURL("wechatpay", number)), Amount: &h5.Amount{Total: core.Int64(123)},
			SceneInfo: &h5.SceneInfo{PayerClientIp: core.String("127.0.0.1"), H5Info: &h5.H5Info{Type: core.String("Wap")}},
		})
		fine(err)
		check(strings.HasPrefix(*made.H5Url, "https://wx.tenpay.com/"), "%s", *made.H5Url)
	}
	w.Buyer("wechatpay", "gophone1", "pay")
	paid, _, err := Watch(w, phones.QueryOrderByOutTradeNo)(ctx, h5.QueryOrderByOutTradeNoRequest{OutTradeNo: core.String("gophone1"), Mchid: shop.mchid})
	fine(err)
	_, _, err = Watch(w, phones.QueryOrderById)(ctx, h5.QueryOrderByIdRequest{TransactionId: paid.TransactionId, Mchid: shop.mchid})
	fine(err)
	_, err = Watch(w, phones.CloseOrder)(ctx, h5.CloseOrderRequest{OutTradeNo: core.String("gophone2"), Mchid: shop.mchid})
	fine(err)
}

// wechatOpened lets the mock wallet look at what a page or an app hands over, and pay.
func wechatOpened(w *World, parameters map[string]string) {
	w.Control("/qr", map[string]any{"qr_code": string(must(json.Marshal(parameters))), "action": "pay"})
}

func wechatBatches(w *World) {
	shop := wechatShop(w, true)
	batches, details := transferbatch.TransferBatchApiService{Client: shop.Client}, transferbatch.TransferDetailApiService{Client: shop.Client}
	made, _, err := Watch(w, batches.InitiateBatchTransfer)(ctx, transferbatch.InitiateBatchTransferRequest{
		Appid: shop.appid, OutBatchNo: core.String("gobatch1"), BatchName: core.String("n"), BatchRemark: core.String("r"),
		TotalAmount: core.Int64(100), TotalNum: core.Int64(1),
		TransferDetailList: []transferbatch.TransferDetailInput{{
			OutDetailNo: core.String("d1"), TransferAmount: core.Int64(100), TransferRemark: core.String("x"),
			Openid: core.String(wechatOpenid), UserName: core.String("张三"),
		}},
	})
	fine(err)
	w.Control("/clock/advance", map[string]any{"seconds": 5})
	mine, _, err := Watch(w, batches.GetTransferBatchByOutNo)(ctx, transferbatch.GetTransferBatchByOutNoRequest{
		OutBatchNo: core.String("gobatch1"), NeedQueryDetail: core.Bool(true), DetailStatus: core.String("ALL"),
	})
	fine(err)
	equal(*mine.TransferBatch.BatchStatus, "FINISHED")
	_, _, err = Watch(w, batches.GetTransferBatchByNo)(ctx, transferbatch.GetTransferBatchByNoRequest{
		BatchId: made.BatchId, NeedQueryDetail: core.Bool(false),
	})
	fine(err)
	one, _, err := Watch(w, details.GetTransferDetailByOutNo)(ctx, transferbatch.GetTransferDetailByOutNoRequest{
		OutBatchNo: core.String("gobatch1"), OutDetailNo: core.String("d1"),
	})
	fine(err)
	same, _, err := Watch(w, details.GetTransferDetailByNo)(ctx, transferbatch.GetTransferDetailByNoRequest{BatchId: made.BatchId, DetailId: one.DetailId})
	fine(err)
	equal(*same.DetailStatus, "SUCCESS")
}

func wechatCertificates(w *World) {
	service := certificates.CertificatesApiService{Client: wechatShop(w, false).Client}
	listed, _, err := Watch(w, service.DownloadCertificates)(ctx)
	fine(err)
	equal(*listed.Data[0].SerialNo, wechatFile(w, "wechatpay_certificate_serial_no"))
}

func wechatForgedAndProbed(w *World) {
	shop := wechatShop(w, false)
	service := native.NativeApiService{Client: shop.Client}
	for _, fault := range []string{"bad_signature", "wrong_key", "unsigned", "signature_probe", "stale_timestamp"} {
		number := "gobad" + strings.ReplaceAll(fault, "_", "")
		w.Control("/faults/rules", map[string]any{"id": fault, "fault": fault, "where": map[string]any{"on": "reply", "order": number, "first": 1}})
		// Asked again it has to be the same order to the second, or the number is used up.
		wanted := shop.native(w, number)
		_, _, err := Watch(w, service.Prepay)(ctx, wanted)
		check(err != nil, "%s was believed", fault)
		_, _, err = service.Prepay(ctx, wanted)
		fine(err)
	}
}
