// WeChat Pay's own SDK in Java, against API v3, through the proxy and by the written truststore: it fetches certificates itself, or believes the
// public key; it verifies every answer and opens notifies.
//
// Facts: wechatpay/answer-sign, wechatpay/sdk-ways
//
// /// sdk
// package = "com.github.wechatpay-apiv3:wechatpay-java"
// provider = "wechatpay"
// door = "proxy"
//
// [steps]
// certificates_all_the_way_round = [
//   "NativePayService.prepay", "NativePayService.queryOrderByOutTradeNo", "NativePayService.queryOrderById", "NativePayService.closeOrder",
//   "RefundService.create", "RefundService.queryByOutRefundNo", "NotificationParser.parse",
// ]
// public_key_all_the_way_round = ["NativePayService.prepay", "NotificationParser.parse"]
// pages_apps_and_phones = [
//   "JsapiServiceExtension.prepayWithRequestPayment", "AppServiceExtension.prepayWithRequestPayment", "H5Service.prepay",
// ]
// bills = ["BillDownloadServiceExtension.getTradeBill", "BillDownloadServiceExtension.getFundFlowBill"]
//
// [out_of_scope]
// "H5Service.*" = "queries and closing are those of NativePayService, to the same addresses"
// "JsapiServiceExtension.*" = "queries and closing are those of NativePayService, to the same addresses"
// "AppServiceExtension.*" = "queries and closing are those of NativePayService, to the same addresses"
// "BillDownloadServiceExtension.*" = "bills of sub-merchants are not simulated"
// ///

import com.wechat.pay.java.core.Config;
import com.wechat.pay.java.core.RSAAutoCertificateConfig;
import com.wechat.pay.java.core.RSAPublicKeyConfig;
import com.wechat.pay.java.core.exception.ServiceException;
import com.wechat.pay.java.core.notification.NotificationConfig;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.core.notification.RequestParam;
import com.wechat.pay.java.service.billdownload.BillDownloadServiceExtension;
import com.wechat.pay.java.service.billdownload.DigestBillEntity;
import com.wechat.pay.java.service.billdownload.model.BillType;
import com.wechat.pay.java.service.billdownload.model.GetFundFlowBillRequest;
import com.wechat.pay.java.service.billdownload.model.GetTradeBillRequest;
import com.wechat.pay.java.service.billdownload.model.TarType;
import com.wechat.pay.java.service.payments.app.AppServiceExtension;
import com.wechat.pay.java.service.payments.h5.H5Service;
import com.wechat.pay.java.service.payments.jsapi.JsapiServiceExtension;
import com.wechat.pay.java.service.payments.model.Transaction;
import com.wechat.pay.java.service.payments.nativepay.NativePayService;
import com.wechat.pay.java.service.payments.nativepay.model.Amount;
import com.wechat.pay.java.service.payments.nativepay.model.CloseOrderRequest;
import com.wechat.pay.java.service.payments.nativepay.model.PrepayRequest;
import com.wechat.pay.java.service.payments.nativepay.model.QueryOrderByIdRequest;
import com.wechat.pay.java.service.payments.nativepay.model.QueryOrderByOutTradeNoRequest;
import com.wechat.pay.java.service.refund.RefundService;
import com.wechat.pay.java.service.refund.model.AmountReq;
import com.wechat.pay.java.service.refund.model.CreateRequest;
import com.wechat.pay.java.service.refund.model.QueryByOutRefundNoRequest;
import com.wechat.pay.java.service.refund.model.RefundNotification;
import com.wechat.pay.java.service.refund.model.Status;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

final class WechatpayJava implements Judges.Judge {
    @Override
    public List<String> publicMethods() {
        List<String> all = new ArrayList<>(World.publicOf(NativePayService.class));
        for (Class<?> kind : List.of(RefundService.class, H5Service.class, JsapiServiceExtension.class, AppServiceExtension.class,
                BillDownloadServiceExtension.class, NotificationParser.class)) {
            all.addAll(World.publicOf(kind));
        }
        return all;
    }

    @Override
    public Map<String, Judges.Step> steps() {
        return Map.of(
                "certificates_all_the_way_round", w -> allTheWayRound(w, certificates(w), "javanative1"),
                "public_key_all_the_way_round", w -> allTheWayRound(w, publicKey(w), "javapublic1"),
                "pages_apps_and_phones", this::pagesAppsAndPhones,
                "bills", this::bills);
    }

    private static String mine(World w, String name) throws Exception {
        return w.text("wechatpay/" + name).strip();
    }

    private static Config certificates(World w) throws Exception {
        return new RSAAutoCertificateConfig.Builder().merchantId(mine(w, "mchid")).apiV3Key(mine(w, "apiv3_key"))
                .merchantSerialNumber(mine(w, "apiclient_serial_no")).privateKeyFromPath(w.path("wechatpay/apiclient_key.pem")).build();
    }

    private static Config publicKey(World w) throws Exception {
        return new RSAPublicKeyConfig.Builder().merchantId(mine(w, "mchid")).apiV3Key(mine(w, "apiv3_key"))
                .merchantSerialNumber(mine(w, "apiclient_serial_no")).privateKeyFromPath(w.path("wechatpay/apiclient_key.pem"))
                .publicKeyId(mine(w, "wechatpay_public_key_id"))
                .publicKeyFromPath(w.path("wechatpay/wechatpay_public_key.pem")).build();
    }

    private static <T> T told(World w, Config config, String tag, Class<T> kind) throws Exception {
        World.Received got = w.notify("wechatpay", tag);
        RequestParam param = new RequestParam.Builder().serialNumber(got.headers().get("Wechatpay-Serial"))
                .nonce(got.headers().get("Wechatpay-Nonce")).signature(got.headers().get("Wechatpay-Signature"))
                .timestamp(got.headers().get("Wechatpay-Timestamp")).body(got.body()).build();
        NotificationParser parser = new NotificationParser((NotificationConfig) config);
        return w.watch("NotificationParser.parse", () -> parser.parse(param, kind));
    }

    private static PrepayRequest order(World w, String number, String tag) throws Exception {
        PrepayRequest request = new PrepayRequest();
        Amount amount = new Amount();
        amount.setTotal(123);
        request.setAmount(amount);
        request.setAppid(mine(w, "appid"));
        request.setMchid(mine(w, "mchid"));
        request.setDescription("打赏 & 玫瑰 +1 pp000001");
        request.setNotifyUrl(w.notifyUrl("wechatpay", tag));
        request.setOutTradeNo(number);
        return request;
    }

    private void allTheWayRound(World w, Config config, String number) throws Exception {
        NativePayService service = new NativePayService.Builder().config(config).build();
        String code = w.watch("NativePayService.prepay", () -> service.prepay(order(w, number, number))).getCodeUrl();
        World.check(code.startsWith("weixin://"), code);
        QueryOrderByOutTradeNoRequest query = new QueryOrderByOutTradeNoRequest();
        query.setMchid(mine(w, "mchid"));
        query.setOutTradeNo(number);
        World.equal(service.queryOrderByOutTradeNo(query).getTradeState(), Transaction.TradeStateEnum.NOTPAY);
        w.buyer("wechatpay", number, "pay");
        World.equal(told(w, config, number, Transaction.class).getAmount().getPayerTotal(), 123);
        Transaction paid = w.watch("NativePayService.queryOrderByOutTradeNo", () -> service.queryOrderByOutTradeNo(query));
        World.equal(paid.getTradeState(), Transaction.TradeStateEnum.SUCCESS);
        QueryOrderByIdRequest byId = new QueryOrderByIdRequest();
        byId.setMchid(mine(w, "mchid"));
        byId.setTransactionId(paid.getTransactionId());
        World.equal(w.watch("NativePayService.queryOrderById", () -> service.queryOrderById(byId)).getOutTradeNo(), number);
        refund(w, config, number);

        service.prepay(order(w, number + "x", number));
        CloseOrderRequest close = new CloseOrderRequest();
        close.setMchid(mine(w, "mchid"));
        close.setOutTradeNo(number + "x");
        w.watch("NativePayService.closeOrder", () -> {
            service.closeOrder(close);
            return null;
        });
        query.setOutTradeNo("not" + number);
        try {
            service.queryOrderByOutTradeNo(query);
            World.check(false, "an order that nobody made");
        } catch (ServiceException refused) {
            World.equal(refused.getErrorCode(), "ORDER_NOT_EXIST");
        }
    }

    private void refund(World w, Config config, String number) throws Exception {
        RefundService service = new RefundService.Builder().config(config).build();
        CreateRequest request = new CreateRequest();
        request.setOutTradeNo(number);
        request.setOutRefundNo("r" + number);
        request.setNotifyUrl(w.notifyUrl("wechatpay", number));
        AmountReq amount = new AmountReq();
        amount.setRefund(23L);
        amount.setTotal(123L);
        amount.setCurrency("CNY");
        request.setAmount(amount);
        World.equal(w.watch("RefundService.create", () -> service.create(request)).getOutRefundNo(), "r" + number);
        World.equal(told(w, config, number, RefundNotification.class).getRefundStatus(), Status.SUCCESS);
        QueryByOutRefundNoRequest query = new QueryByOutRefundNoRequest();
        query.setOutRefundNo("r" + number);
        World.equal(w.watch("RefundService.queryByOutRefundNo", () -> service.queryByOutRefundNo(query)).getStatus(), Status.SUCCESS);
    }

    private void pagesAppsAndPhones(World w) throws Exception {
        Config config = publicKey(w);
        var page = com.wechat.pay.java.core.util.GsonUtil.getGson();
        String common = page.toJson(order(w, "javajsapi1", "javapages")).replaceFirst("\\}$", "");
        var jsapi = page.fromJson(common + ",\"payer\":{\"openid\":\"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o\"}}",
                com.wechat.pay.java.service.payments.jsapi.model.PrepayRequest.class);
        var jsapiService = new JsapiServiceExtension.Builder().config(config).build();
        var pays = w.watch("JsapiServiceExtension.prepayWithRequestPayment", () -> jsapiService.prepayWithRequestPayment(jsapi));
        World.check(pays.getPackageVal().startsWith("prepay_id="), pays);
        var app = page.fromJson(page.toJson(order(w, "javaapp1", "javapages")), com.wechat.pay.java.service.payments.app.model.PrepayRequest.class);
        var appService = new AppServiceExtension.Builder().config(config).build();
        World.check(w.watch("AppServiceExtension.prepayWithRequestPayment", () -> appService.prepayWithRequestPayment(app)).getPrepayId() != null, app);
        String h5Order = page.toJson(order(w, "javah51", "javapages")).replaceFirst("\\}$", "");
        var h5 = page.fromJson(h5Order + ",\"scene_info\":{\"payer_client_ip\":\"127.0.0.1\",\"h5_info\":{\"type\":\"Wap\"}}}",
                com.wechat.pay.java.service.payments.h5.model.PrepayRequest.class);
        var h5Service = new H5Service.Builder().config(config).build();
        World.check(w.watch("H5Service.prepay", () -> h5Service.prepay(h5)).getH5Url().startsWith("https://wx.tenpay.com/"), h5);
        for (String number : List.of("javajsapi1", "javaapp1", "javah51")) {
            w.buyer("wechatpay", number, "pay");
            World.equal(told(w, config, "javapages", Transaction.class).getOutTradeNo(), number);
        }
    }

    private void bills(World w) throws Exception {
        var service = new BillDownloadServiceExtension.Builder().config(certificates(w)).build();
        GetTradeBillRequest trades = new GetTradeBillRequest();
        trades.setBillDate(w.nextDay().toString());
        trades.setBillType(BillType.ALL);
        trades.setTarType(TarType.GZIP);
        GetFundFlowBillRequest flow = new GetFundFlowBillRequest();
        flow.setBillDate(trades.getBillDate());
        for (DigestBillEntity bill : List.of(
                w.watch("BillDownloadServiceExtension.getTradeBill", () -> service.getTradeBill(trades)),
                w.watch("BillDownloadServiceExtension.getFundFlowBill", () -> service.getFundFlowBill(flow)))) {
            String text = new String(bill.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            World.check(text.contains("`") && bill.verifyHash(), text);
        }
    }
}
