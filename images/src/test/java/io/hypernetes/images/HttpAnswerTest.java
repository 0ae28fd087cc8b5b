package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What registries answer, byte by byte.
class HttpAnswerTest {
    private final AtomicBoolean closed = new AtomicBoolean();

    private HttpAnswer read(String text) throws IOException {
        return HttpAnswer.read(new ByteArrayInputStream(text.getBytes(ISO_8859_1)), () -> closed.set(true));
    }

    private String body(String text) throws IOException {
        return new String(read(text).body().readAllBytes(), ISO_8859_1);
    }

    @Test
    void aHeadIsRead() throws IOException {
        HttpAnswer answer = read("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 401 Unauthorized\r\nWWW-Authenticate:Basic realm=\"a:b\"\r\nwww-authenticate: Bearer x \r\nodd\r\n\r\n");
        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.all("WWW-Authenticate")).containsExactly("Basic realm=\"a:b\"", "Bearer x");
        assertThat(answer.header("Link")).isEmpty();
        answer.close();
        assertThat(closed).isTrue();
    }

    @Test
    void aBodyEndsWhereItsHeadSays() throws IOException {
        assertThat(body("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef")).isEqualTo("abc");
        assertThat(body("HTTP/1.0 200 OK\n\nabc")).isEqualTo("abc");
        assertThat(body("HTTP/1.1 204 None\r\n\r\nabc")).isEmpty();
        assertThat(body("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 1\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nmore")).isEqualTo("abc0123456789");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "Content-Length: 4\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n4\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"})
    void whatEndsBeforeIsAFailure(String rest) {
        assertThatThrownBy(() -> body("HTTP/1.1 200 OK\r\n" + rest)).isInstanceOf(EOFException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "SSH-2.0-x\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20x\r\n\r\n", "HTTP/1.1 999 x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n"})
    void whatIsNoAnswerIsRefused(String text) {
        assertThatThrownBy(() -> body(text)).isInstanceOf(IOException.class).hasMessageContaining("answer");
    }

    @Test
    void noPartOfAHeadIsEndless() {
        String much = "x".repeat(100_000);
        for (String text : new String[] {
            much, "HTTP/1.1 200 " + much, "HTTP/1.1 200 OK\r\nA: " + much, "HTTP/1.1 200 OK\r\n" + "A: b\r\n".repeat(20_000), "HTTP/1.1 100 x\r\n\r\n".repeat(20_000),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + much, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + "A: b\r\n".repeat(200)}) {
            assertThatThrownBy(() -> body(text)).isInstanceOf(IOException.class).hasMessageContaining("too");
        }
    }
}
