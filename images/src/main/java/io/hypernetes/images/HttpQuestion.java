package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.URI;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One HTTP/1.1 request, after whose answer the connection ends.
///
/// @param address has a host
/// @param form what to post; null for a GET
record HttpQuestion(URI address, Map<String, String> headers, @Nullable String form) {
    HttpQuestion {
        headers = Map.copyOf(headers);
    }

    boolean isSecure() {
        return "https".equals(address.getScheme());
    }

    /// @throws IOException when the address names one that cannot be
    int port() throws IOException {
        int port = address.getPort() >= 0 ? address.getPort() : isSecure() ? 443 : 80;
        if (port > 0xFFFF) {
            throw new IOException("there is no port " + port);
        }
        return port;
    }

    /// As it goes over the line.
    ///
    /// @throws IOException when a header cannot be sent; the message does not hold it, as it may be secret
    byte[] text() throws IOException {
        URI ascii = URI.create(address.toASCIIString());
        String path = ascii.getRawPath() == null || ascii.getRawPath().isEmpty() ? "/" : ascii.getRawPath();
        StringBuilder text = new StringBuilder(form == null ? "GET " : "POST ").append(path).append(ascii.getRawQuery() == null ? "" : "?" + ascii.getRawQuery())
                .append(" HTTP/1.1\r\nHost: ").append(address.getHost()).append(address.getPort() < 0 ? "" : ":" + address.getPort())
                .append("\r\nUser-Agent: hypernetes\r\nConnection: close\r\n");
        for (Map.Entry<String, String> header : headers.entrySet()) {
            if (header.getValue().chars().anyMatch(c -> c < ' ' || c > '~')) {
                throw new IOException("the header " + header.getKey() + " holds characters that none can carry");
            }
            text.append(header.getKey()).append(": ").append(header.getValue()).append("\r\n");
        }
        if (form != null) { // its parts are encoded, so a byte each
            text.append("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ").append(form.length()).append("\r\n");
        }
        return text.append("\r\n").append(form == null ? "" : form).toString().getBytes(US_ASCII);
    }
}
