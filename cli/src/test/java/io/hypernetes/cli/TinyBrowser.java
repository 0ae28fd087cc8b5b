package io.hypernetes.cli;

import java.io.IOException;
import java.net.CookieManager;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;

/// A person with a browser: follows redirects, keeps cookies, fills in the forms that come and sends them off, until there is none any more.
final class TinyBrowser {
    private static final Pattern FORM = Pattern.compile("<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", Pattern.DOTALL);
    private static final Pattern INPUT = Pattern.compile("<(?:input|button)([^>]*)>");
    private static final int MOST_PAGES = 20;

    private final HttpClient http;
    private final Map<String, String> person;

    /// @param person what is written into fields of these names
    TinyBrowser(SSLContext tls, Map<String, String> person) {
        this.http = HttpClient.newBuilder().sslContext(tls).cookieHandler(new CookieManager()).followRedirects(HttpClient.Redirect.NEVER).build();
        this.person = person;
    }

    /// Where it all ends: the last page.
    String open(String address) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(address)).GET();
        for (int page = 0; page < MOST_PAGES; page++) {
            HttpResponse<String> response = http.send(request.timeout(Duration.ofSeconds(20)).build(), HttpResponse.BodyHandlers.ofString());
            var location = response.headers().firstValue("Location");
            if (location.isPresent()) {
                request = HttpRequest.newBuilder(response.uri().resolve(location.get())).GET();
                continue;
            }
            var form = FORM.matcher(response.body());
            if (!form.find()) {
                return response.body();
            }
            Map<String, String> fields = new LinkedHashMap<>();
            var input = INPUT.matcher(form.group(2));
            while (input.find()) {
                String name = attribute(input.group(1), "name");
                if (!name.isEmpty() && !name.equals("abort")) {
                    fields.put(name, person.getOrDefault(name, attribute(input.group(1), "value")));
                }
            }
            String action = form.group(1).replace("&amp;", "&");
            request = HttpRequest.newBuilder(action.isEmpty() ? response.uri() : response.uri().resolve(action))
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .POST(HttpRequest.BodyPublishers.ofString(JsonHttp.query(fields)));
        }
        throw new IOException("there is no end of pages");
    }

    private static String attribute(String tag, String name) {
        var matcher = Pattern.compile("\\b" + name + "=\"([^\"]*)\"").matcher(tag);
        return matcher.find() ? matcher.group(1) : "";
    }
}
