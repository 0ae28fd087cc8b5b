package io.hypernetes.apiserver.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/// Compresses large answers for clients that take it. The weakest level is used: it saves most of what a stronger one would, at a
/// fraction of the time.
final class Compression {
    private static final int WORTH_IT_BYTES = 128 << 10;

    private Compression() {}

    /// Whether an answer should be compressed.
    ///
    /// @param accepted the values of `Accept-Encoding`
    static boolean helps(List<String> accepted, List<Part> parts) {
        long size = 0;
        for (var part : parts) {
            size += part.length();
        }
        return size > WORTH_IT_BYTES && takesGzip(accepted);
    }

    private static boolean takesGzip(List<String> accepted) {
        for (var header : accepted) {
            for (var item : header.split(",", 16)) {
                var parts = item.strip().toLowerCase(Locale.ROOT).split(";", 2);
                if (parts[0].strip().equals("gzip")) {
                    return parts.length == 1 || !parts[1].strip().matches("q=0(\\.0{0,3})?");
                }
            }
        }
        return false;
    }

    static byte[] gzip(List<Part> parts) throws IOException {
        var out = new ByteArrayOutputStream(WORTH_IT_BYTES);
        try (var gzip = new FastGzip(out)) {
            for (var part : parts) {
                gzip.write(part.array());
            }
        }
        return out.toByteArray();
    }

    private static final class FastGzip extends GZIPOutputStream {
        FastGzip(ByteArrayOutputStream out) throws IOException {
            super(out, 16 << 10);
            def.setLevel(Deflater.BEST_SPEED);
        }
    }
}
