package io.hypernetes.objects.cel;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A URL as CEL knows it: absolute, or a path.
record Url(URI uri) {
    static Url parse(String text) {
        try {
            URI uri = new URI(text);
            if (!uri.isAbsolute() && !text.startsWith("/")) {
                throw new IllegalArgumentException("URL parse error during conversion from string: \"" + text + "\": invalid URI for request");
            }
            return new Url(uri);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("URL parse error during conversion from string: \"" + text + "\"", e);
        }
    }

    /// In characters.
    int length() {
        return uri.toString().length();
    }

    /// As many as its query has at most.
    long parameters() {
        return 1 + orEmpty(uri.getRawQuery()).chars().filter(each -> each == '&').count();
    }

    String scheme() {
        return orEmpty(uri.getScheme());
    }

    String host() {
        String host = orEmpty(uri.getHost());
        return uri.getPort() < 0 ? host : host + ":" + uri.getPort();
    }

    String hostname() {
        String host = orEmpty(uri.getHost());
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    String port() {
        return uri.getPort() < 0 ? "" : Integer.toString(uri.getPort());
    }

    String path() {
        return orEmpty(uri.getRawPath());
    }

    Map<String, List<String>> query() {
        Map<String, List<String>> query = new LinkedHashMap<>();
        for (String pair : orEmpty(uri.getRawQuery()).split("&")) {
            if (!pair.isEmpty()) {
                int equals = pair.indexOf('=');
                String name = equals < 0 ? pair : pair.substring(0, equals);
                String value = equals < 0 ? "" : pair.substring(equals + 1);
                query.computeIfAbsent(decoded(name), _ -> new ArrayList<>(1)).add(decoded(value));
            }
        }
        return query;
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private static String orEmpty(@org.jspecify.annotations.Nullable String text) {
        return text == null ? "" : text;
    }
}
