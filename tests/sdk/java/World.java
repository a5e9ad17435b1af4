// What a step has around it: the counterpart of kit/world.py in Java. The JVM is led to the proxy, and trusts its authority, by the
// properties that a user would set.

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;

/** One simulator, started for this SDK alone. */
final class World {
    private static final Duration WAIT = Duration.ofSeconds(25);
    private final JsonObject told;
    private final TreeSet<String> called = new TreeSet<>();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).proxy(new Direct()).build();

    World(JsonObject told) {
        this.told = told;
        if (!told.get("proxy_url").isJsonNull()) {
            URI proxy = URI.create(told.get("proxy_url").getAsString());
            System.setProperty("https.proxyHost", proxy.getHost());
            System.setProperty("https.proxyPort", String.valueOf(proxy.getPort()));
            System.setProperty("javax.net.ssl.trustStore", path("tls/truststore.p12"));
            System.setProperty("javax.net.ssl.trustStorePassword", "changeit");
        }
    }

    /** Of the provider's own port, without a slash at the end. */
    String url(String provider) {
        return told.getAsJsonObject("urls").get(provider).getAsString();
    }

    /** A file of the credentials, such as alipay/app_id. */
    String path(String name) {
        return Path.of(told.get("credentials_dir").getAsString(), name).toString();
    }

    /** What stands in it. */
    String text(String name) throws IOException {
        return Files.readString(Path.of(path(name)));
    }

    /** An address of this step's own: the tag keeps its notifies apart from others'. */
    String notifyUrl(String provider, String tag) {
        return told.get("desk_url").getAsString() + "/notify/" + provider + "/" + tag;
    }

    /** The next notify that came to that address; waits for it. */
    Received notify(String provider, String tag) throws Exception {
        String address = told.get("desk_url").getAsString() + "/next/" + provider + "/" + tag;
        JsonObject got = JsonParser.parseString(send("GET", address, null)).getAsJsonObject();
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        got.getAsJsonObject("headers").entrySet().forEach(one -> headers.put(one.getKey(), one.getValue().getAsString()));
        byte[] body = Base64.getDecoder().decode(got.get("body_base64").getAsString());
        return new Received(headers, new String(body, StandardCharsets.UTF_8));
    }

    /** A call of the control API: GET, or POST where there is a body. */
    JsonObject control(String path, String body) throws Exception {
        String address = told.get("control_url").getAsString() + "/control/v1" + path;
        return JsonParser.parseString(send(body == null ? "GET" : "POST", address, body)).getAsJsonObject();
    }

    /** The buyer acts on an order. */
    void buyer(String provider, String order, String action) throws Exception {
        control("/trades/" + provider + "/" + order + "/buyer", "{\"action\":\"" + action + "\"}");
    }

    /** Lets two days pass, so that bills are there; gives the Beijing day that it was. */
    LocalDate nextDay() throws Exception {
        OffsetDateTime now = OffsetDateTime.parse(control("/clock", null).get("schedule_at").getAsString());
        control("/clock/advance", "{\"seconds\":172800}");
        return now.atZoneSameInstant(ZoneId.of("Asia/Shanghai")).toLocalDate();
    }

    /** Where a page's address sends a browser. */
    String redirect(String address) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(address)).timeout(WAIT).build();
        return http.send(request, HttpResponse.BodyHandlers.ofString()).headers().firstValue("Location").orElse("");
    }

    /** Calls one method of the SDK's, and counts it. */
    <T> T watch(String method, Callable<T> call) throws Exception {
        called.add(method);
        return call.call();
    }

    List<String> takeCalled() {
        List<String> names = new ArrayList<>(called);
        called.clear();
        return names;
    }

    private String send(String method, String address, String body) throws Exception {
        HttpRequest.BodyPublisher sent =
                body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        HttpRequest request = HttpRequest.newBuilder(URI.create(address)).method(method, sent)
                .header("Content-Type", "application/json").timeout(WAIT).build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        check(answer.statusCode() < 300, address + ": " + answer.statusCode() + " " + answer.body());
        return answer.body();
    }

    /** Fails the step. */
    static void check(boolean good, Object problem) {
        if (!good) {
            throw new AssertionError(String.valueOf(problem));
        }
    }

    /** Fails the step unless both are the same. */
    static void equal(Object got, Object wanted) {
        check(wanted.equals(got), "got " + got + ", wanted " + wanted);
    }

    /** The public methods that a class has of its own. */
    static List<String> publicOf(Class<?> kind) {
        TreeSet<String> names = new TreeSet<>();
        for (var method : kind.getDeclaredMethods()) {
            if (Modifier.isPublic(method.getModifiers()) && !method.isSynthetic()) {
                names.add(kind.getSimpleName() + "." + method.getName());
            }
        }
        return List.copyOf(names);
    }

    static String escaped(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** One notify as it arrived. */
    record Received(Map<String, String> headers, String body) {
        Map<String, String> form() {
            Map<String, String> fields = new LinkedHashMap<>();
            for (String pair : body.split("&")) {
                String[] sides = pair.split("=", 2);
                fields.put(URLDecoder.decode(sides[0], StandardCharsets.UTF_8), URLDecoder.decode(sides[1], StandardCharsets.UTF_8));
            }
            return fields;
        }
    }

    /** The desk and the control API are this machine's own. */
    private static final class Direct extends ProxySelector {
        @Override
        public List<Proxy> select(URI address) {
            return List.of(Proxy.NO_PROXY);
        }

        @Override
        public void connectFailed(URI address, SocketAddress place, IOException problem) {}
    }
}
