package io.hypernetes.images;

import java.io.IOException;
import java.io.InputStream;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.ProtocolException;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.impl.io.DefaultHttpResponseParser;
import org.apache.hc.core5.http.io.HttpMessageParser;
import org.apache.hc.core5.http.io.HttpMessageParserFactory;
import org.apache.hc.core5.http.io.SessionInputBuffer;

/// Reads the heads of answers, and no more than a few before the one that is meant: whoever asks reads on until that comes, and one who gets them faster than it
/// reads them never lets go of its processor. Safe for use by many threads.
final class BoundedHeads implements HttpMessageParserFactory<ClassicHttpResponse> {
    private static final int MOST_BEFORE = 10;

    private final Http1Config bounds; // who makes a connection may have none

    /// @param bounds of each
    BoundedHeads(Http1Config bounds) {
        this.bounds = bounds;
    }

    @Override
    public HttpMessageParser<ClassicHttpResponse> create(Http1Config others) {
        return new DefaultHttpResponseParser(bounds) {
            private int before;

            @Override
            public ClassicHttpResponse parse(SessionInputBuffer buffer, InputStream in) throws IOException, HttpException {
                ClassicHttpResponse head = super.parse(buffer, in);
                before = head != null && head.getCode() < 200 ? before + 1 : 0;
                if (before > MOST_BEFORE) {
                    throw new ProtocolException("more than " + MOST_BEFORE + " heads before an answer");
                }
                return head;
            }
        };
    }
}
