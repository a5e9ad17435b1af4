// Alipay's own SDK in Java, against gateway v2: by keys, by certificates, and with encrypted content. It verifies every answer by itself.
//
// Facts: alipay/sync-sign, alipay/cert-mode, alipay/aes
//
// /// sdk
// package = "com.alipay.sdk:alipay-sdk-java"
// provider = "alipay"
//
// [steps]
// public_keys = ["DefaultAlipayClient.execute", "AlipaySignature.rsaCheckV1", "AlipaySignature.verifyV1"]
// certificates = ["DefaultAlipayClient.certificateExecute", "AlipaySignature.rsaCertCheckV1", "AlipaySignature.certVerifyV1"]
// encrypted_content = ["DefaultAlipayClient.execute"]
// barcode = ["DefaultAlipayClient.execute"]
// pages_and_apps = ["DefaultAlipayClient.pageExecute", "DefaultAlipayClient.sdkExecute"]
// transfers = ["DefaultAlipayClient.certificateExecute"]
// refusals = ["DefaultAlipayClient.execute"]
// bills = ["DefaultAlipayClient.execute"]
//
// [out_of_scope]
// "DefaultAlipayClient.get*" = "its own signer, checker and encryptor; every call goes through them"
// "DefaultAlipayClient.*builder" = "the constructors in other words"
// "DefaultAlipayClient.set*" = "its own settings"
// ///

import com.alipay.api.AlipayClient;
import com.alipay.api.AlipayConfig;
import com.alipay.api.AlipayRequest;
import com.alipay.api.AlipayResponse;
import com.alipay.api.DefaultAlipayClient;
import com.alipay.api.internal.util.AlipaySignature;
import com.alipay.api.request.AlipayDataDataserviceBillDownloadurlQueryRequest;
import com.alipay.api.request.AlipayFundTransCommonQueryRequest;
import com.alipay.api.request.AlipayFundTransUniTransferRequest;
import com.alipay.api.request.AlipayTradeAppPayRequest;
import com.alipay.api.request.AlipayTradeCancelRequest;
import com.alipay.api.request.AlipayTradeCloseRequest;
import com.alipay.api.request.AlipayTradeCreateRequest;
import com.alipay.api.request.AlipayTradeFastpayRefundQueryRequest;
import com.alipay.api.request.AlipayTradePagePayRequest;
import com.alipay.api.request.AlipayTradePayRequest;
import com.alipay.api.request.AlipayTradePrecreateRequest;
import com.alipay.api.request.AlipayTradeQueryRequest;
import com.alipay.api.request.AlipayTradeRefundRequest;
import com.alipay.api.request.AlipayTradeWapPayRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

final class AlipaySdkJava implements Judges.Judge {
    private static final String SUBJECT = "打赏 & 玫瑰 +1 {x pp000001}";

    /** One way to call: by keys, by certificates, or encrypted. */
    private interface Way {
        <T extends AlipayResponse> T call(AlipayRequest<T> request, String content) throws Exception;
    }

    @Override
    public List<String> publicMethods() {
        return World.publicOf(DefaultAlipayClient.class);
    }

    @Override
    public Map<String, Judges.Step> steps() {
        return Map.of(
                "public_keys", this::publicKeys,
                "certificates", this::certificates,
                "encrypted_content", w -> allTheWayRound(w, encrypted(w), "javaaes1"),
                "barcode", this::barcode,
                "pages_and_apps", this::pagesAndApps,
                "transfers", this::transfers,
                "refusals", this::refusals,
                "bills", this::bills);
    }

    private static AlipayConfig config(World w) throws Exception {
        AlipayConfig config = new AlipayConfig();
        config.setServerUrl(w.url("alipay") + "/gateway.do");
        config.setAppId(w.text("alipay/app_id"));
        config.setPrivateKey(w.text("alipay/app_private_key.pkcs8.b64"));
        config.setAlipayPublicKey(w.text("alipay/alipay_public_key.b64"));
        config.setFormat("json");
        config.setCharset("UTF-8");
        config.setSignType("RSA2");
        return config;
    }

    private static Way plain(World w, AlipayClient client, boolean encrypt) {
        return new Way() {
            @Override
            public <T extends AlipayResponse> T call(AlipayRequest<T> request, String content) throws Exception {
                tell(request, content);
                request.setNeedEncrypt(encrypt);
                return w.watch("DefaultAlipayClient.execute", () -> client.execute(request));
            }
        };
    }

    private static Way keys(World w) throws Exception {
        return plain(w, new DefaultAlipayClient(config(w)), false);
    }

    private static Way encrypted(World w) throws Exception {
        AlipayConfig config = config(w);
        config.setEncryptType("AES");
        config.setEncryptKey(w.text("alipay/aes_key"));
        return plain(w, new DefaultAlipayClient(config), true);
    }

    private static Way certified(World w) throws Exception {
        AlipayConfig config = config(w);
        config.setAlipayPublicKey(null);
        config.setAppCertPath(w.path("alipay/appCertPublicKey.crt"));
        config.setAlipayPublicCertPath(w.path("alipay/alipayCertPublicKey_RSA2.crt"));
        config.setRootCertPath(w.path("alipay/alipayRootCert.crt"));
        AlipayClient client = new DefaultAlipayClient(config);
        return new Way() {
            @Override
            public <T extends AlipayResponse> T call(AlipayRequest<T> request, String content) throws Exception {
                tell(request, content);
                return w.watch("DefaultAlipayClient.certificateExecute", () -> client.certificateExecute(request));
            }
        };
    }

    private static void tell(AlipayRequest<?> request, String content) throws Exception {
        request.getClass().getMethod("setBizContent", String.class).invoke(request, content);
    }

    private static String order(String number, String amount, String more) {
        return "{\"out_trade_no\":\"" + number + "\",\"total_amount\":\"" + amount + "\",\"subject\":\"" + SUBJECT + "\"" + more + "}";
    }

    private static String known(String number, String more) {
        return "{\"out_trade_no\":\"" + number + "\"" + more + "}";
    }

    private void allTheWayRound(World w, Way way, String number) throws Exception {
        var precreate = new AlipayTradePrecreateRequest();
        precreate.setNotifyUrl(w.notifyUrl("alipay", number));
        var made = way.call(precreate, order(number, "1.23", ""));
        World.check(made.isSuccess() && made.getQrCode().startsWith("https://qr.alipay.com/bax"), made.getBody());
        World.equal(way.call(new AlipayTradeQueryRequest(), known(number, "")).getSubCode(), "ACQ.TRADE_NOT_EXIST");

        w.buyer("alipay", number, "pay");
        World.equal(way.call(new AlipayTradeQueryRequest(), known(number, "")).getTradeStatus(), "TRADE_SUCCESS");
        for (String change : List.of("Y", "N")) {
            String part = known(number, ",\"refund_amount\":\"0.23\",\"out_request_no\":\"r1\"");
            World.equal(way.call(new AlipayTradeRefundRequest(), part).getFundChange(), change);
        }
        String asked = known(number, ",\"out_request_no\":\"r1\"");
        World.equal(way.call(new AlipayTradeFastpayRefundQueryRequest(), asked).getRefundStatus(), "REFUND_SUCCESS");

        String mine = ",\"buyer_id\":\"2088102146225135\",\"product_code\":\"JSAPI_PAY\"";
        World.check(way.call(new AlipayTradeCreateRequest(), order(number + "a", "1.23", mine)).isSuccess(), "create");
        World.check(way.call(new AlipayTradeCloseRequest(), known(number + "a", "")).isSuccess(), "close");
        World.check(way.call(new AlipayTradeCreateRequest(), order(number + "b", "1.23", mine)).isSuccess(), "create");
        World.equal(way.call(new AlipayTradeCancelRequest(), known(number + "b", "")).getAction(), "close");
    }

    private void publicKeys(World w) throws Exception {
        allTheWayRound(w, keys(w), "javakeys1");
        Map<String, String> form = w.notify("alipay", "javakeys1").form();
        String key = w.text("alipay/alipay_public_key.b64");
        World.equal(form.get("subject"), SUBJECT);
        World.equal(w.watch("AlipaySignature.rsaCheckV1", () -> AlipaySignature.rsaCheckV1(new HashMap<>(form), key, "UTF-8", "RSA2")), true);
        World.equal(w.watch("AlipaySignature.verifyV1", () -> AlipaySignature.verifyV1(new HashMap<>(form), key, "UTF-8", "RSA2")), true);
        form.put("total_amount", "9.99");
        World.equal(AlipaySignature.rsaCheckV1(new HashMap<>(form), key, "UTF-8", "RSA2"), false);
    }

    private void certificates(World w) throws Exception {
        allTheWayRound(w, certified(w), "javacert1");
        Map<String, String> form = w.notify("alipay", "javacert1").form();
        String file = w.path("alipay/alipayCertPublicKey_RSA2.crt");
        World.equal(w.watch("AlipaySignature.rsaCertCheckV1", () -> AlipaySignature.rsaCertCheckV1(new HashMap<>(form), file, "UTF-8", "RSA2")), true);
        World.equal(w.watch("AlipaySignature.certVerifyV1", () -> AlipaySignature.certVerifyV1(new HashMap<>(form), file, "UTF-8", "RSA2")), true);
    }

    private void barcode(World w) throws Exception {
        Way way = keys(w);
        String[][] codes = {{"28763443825664371", "1.23", "10000"}, {"28763443825664372", "5000.00", "10003"}, {"28990001825664373", "1.23", "40004"}};
        for (String[] one : codes) {
            String content = order("javabar" + one[0], one[1], ",\"scene\":\"bar_code\",\"auth_code\":\"" + one[0] + "\"");
            World.equal(way.call(new AlipayTradePayRequest(), content).getCode(), one[2]);
        }
    }

    private void pagesAndApps(World w) throws Exception {
        AlipayClient client = new DefaultAlipayClient(config(w));
        var page = new AlipayTradePagePayRequest();
        var wap = new AlipayTradeWapPayRequest();
        var app = new AlipayTradeAppPayRequest();
        for (AlipayRequest<?> request : List.of(page, wap, app)) {
            request.setNotifyUrl(w.notifyUrl("alipay", "javapages"));
        }
        page.setBizContent(order("javapage1", "1.23", ",\"product_code\":\"FAST_INSTANT_TRADE_PAY\""));
        wap.setBizContent(order("javawap1", "1.23", ",\"product_code\":\"QUICK_WAP_WAY\",\"quit_url\":\"https://example.com/\""));
        app.setBizContent(order("javaapp1", "1.23", ""));
        Map<String, String> addresses = Map.of(
                "javapage1", w.watch("DefaultAlipayClient.pageExecute", () -> client.pageExecute(page, "GET")).getBody(),
                "javawap1", client.pageExecute(wap, "GET").getBody(),
                "javaapp1", w.url("alipay") + "/gateway.do?" + w.watch("DefaultAlipayClient.sdkExecute", () -> client.sdkExecute(app)).getBody());
        for (var one : addresses.entrySet()) {
            World.check(w.redirect(one.getValue()).startsWith("/_cashier/"), one);
            w.buyer("alipay", one.getKey(), "pay");
            World.equal(w.notify("alipay", "javapages").form().get("out_trade_no"), one.getKey());
        }
    }

    private void transfers(World w) throws Exception {
        Way way = certified(w);
        String scene = "\"out_biz_no\":\"javaout1\",\"product_code\":\"TRANS_ACCOUNT_NO_PWD\",\"biz_scene\":\"DIRECT_TRANSFER\"";
        String payee = ",\"payee_info\":{\"identity\":\"2088102146225135\",\"identity_type\":\"ALIPAY_USER_ID\"}";
        String sent = "{" + scene + ",\"trans_amount\":\"1.23\",\"order_title\":\"" + SUBJECT + "\"" + payee + "}";
        World.equal(way.call(new AlipayFundTransUniTransferRequest(), sent).getStatus(), "SUCCESS");
        World.equal(way.call(new AlipayFundTransCommonQueryRequest(), "{" + scene + "}").getTransAmount(), "1.23");
    }

    private void refusals(World w) throws Exception {
        AlipayConfig config = config(w);
        config.setSignType("RSA");
        var answer = plain(w, new DefaultAlipayClient(config), false).call(new AlipayTradeQueryRequest(), known("nobody", ""));
        World.equal(answer.getSubCode(), "ACQ.TRADE_NOT_EXIST");
        config.setAppId("2021000000000000");
        answer = plain(w, new DefaultAlipayClient(config), false).call(new AlipayTradeQueryRequest(), known("nobody", ""));
        World.equal(answer.getSubCode(), "isv.invalid-app-id");
    }

    private void bills(World w) throws Exception {
        String content = "{\"bill_type\":\"trade\",\"bill_date\":\"" + w.nextDay() + "\"}";
        var answer = keys(w).call(new AlipayDataDataserviceBillDownloadurlQueryRequest(), content);
        World.check(answer.isSuccess() && answer.getBillDownloadUrl().contains("/downloadBillFile.resource?"), answer.getBody());
    }
}
