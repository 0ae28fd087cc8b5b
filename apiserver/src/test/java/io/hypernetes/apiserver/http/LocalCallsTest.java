package io.hypernetes.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class LocalCallsTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final byte[] NONE = {};

    private final CompletableFuture<String> gone = new CompletableFuture<>();
    private final CompletableFuture<Void> disconnected = new CompletableFuture<>();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch more = new CountDownLatch(1);
    private volatile boolean served;
    private final LocalCalls calls = new LocalCalls(
            new EdgeSettings(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                    1_000,
                    10_000,
                    1_000,
                    3,
                    Duration.ofMillis(600),
                    Duration.ofMillis(1500),
                    Duration.ofMillis(400)),
            this::handle,
            "system:tester");

    @AfterEach
    void stop() {
        more.countDown();
        calls.close();
    }

    private void handle(Exchange http) throws Exception {
        switch (http.path()) {
            case "/flood" -> {
                begun.countDown();
                try (var out = http.stream(200, "text/plain")) {
                    while (true) {
                        out.write(new byte[64 * 1024]);
                        out.flush();
                    }
                } catch (ClientGoneException e) {
                    gone.complete(String.valueOf(e.getMessage()));
                    throw e;
                }
            }
            case "/events" -> {
                http.onDisconnect(() -> disconnected.complete(null));
                try (var out = http.stream(200, "text/plain")) {
                    out.write("one ".getBytes(StandardCharsets.US_ASCII));
                    out.write(Chunk.of("two ".getBytes(StandardCharsets.US_ASCII)));
                    out.flush();
                    more.await();
                    out.write("three".getBytes(StandardCharsets.US_ASCII));
                }
            }
            case "/half" -> {
                var out = http.stream(200, "text/plain");
                out.write("half".getBytes(StandardCharsets.US_ASCII));
                throw new IllegalStateException("on purpose");
            }
            case "/long" -> {
                List<Part> parts = new ArrayList<>();
                for (int i = 0; i < 300; i++) {
                    byte[] part = new byte[10_000];
                    java.util.Arrays.fill(part, (byte) i);
                    parts.add(Part.of(part));
                }
                http.send(200, "text/plain", parts);
            }
            case "/never" -> {
                http.onDisconnect(() -> disconnected.complete(null));
                begun.countDown();
                try {
                    more.await();
                } finally {
                    served = true;
                }
            }
            case "/error" -> throw new LinkageError("on purpose");
            case "/fail" -> throw new IllegalStateException("on purpose");
            case "/upgrade" -> http.upgrade(NONE);
            default -> {
                String text = http.method() + " " + http.path() + " " + http.query("a") + " " + http.header("accept").orElse("") + " " + http.body().length
                        + " " + http.component() + " " + http.clientCertificates().size() + " " + http.isUpgradable() + " " + http.door();
                http.send(200, "text/plain", text.getBytes(StandardCharsets.US_ASCII));
            }
        }
    }

    private LocalCalls.Answer get(String uri) throws IOException, InterruptedException {
        return calls.call("GET", uri, Map.of("Accept", "text/plain"), NONE, LONG);
    }

    private static String text(InputStream in) throws IOException {
        try (in) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void aRequestIsSeenAsAnyOtherAndByWhomItIsMade() throws Exception {
        var answer = calls.call("PUT", "/api/v1/x?a=b%20c", Map.of("Accept", "some/thing"), new byte[10], LONG);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(text(answer.body())).isEqualTo("PUT /api/v1/x b c some/thing 10 system:tester 0 false ");
    }

    @Test
    void anAnswerLongerThanTheQueueComesWhole() throws Exception {
        byte[] all = get("/long").body().readAllBytes();
        assertThat(all).hasSize(3_000_000);
        for (int i = 0; i < all.length; i += 9_999) {
            assertThat(all[i]).isEqualTo((byte) (i / 10_000));
        }
    }

    @Test
    void whatIsStreamedCanBeReadBeforeTheEnd() throws Exception {
        var body = get("/events").body();
        assertThat(new String(body.readNBytes(8), StandardCharsets.US_ASCII)).isEqualTo("one two ");
        more.countDown();
        assertThat(text(body)).isEqualTo("three");
        assertThat(disconnected).isNotDone();
    }

    @Test
    void aWriterLearnsThatItsReaderHasLeft() throws Exception {
        var body = get("/events").body();
        body.close();
        disconnected.get(20, TimeUnit.SECONDS);
        assertThatThrownBy(body::read).isInstanceOf(IOException.class).hasMessage("the answer was closed");
    }

    @Test
    void aReaderThatTakesNothingIsCutOff() throws Exception {
        var answer = get("/flood");
        assertThat(gone.get(20, TimeUnit.SECONDS)).startsWith("the reader took nothing");
        assertThatThrownBy(() -> answer.body().read()).isInstanceOf(IOException.class);
    }

    @Test
    void whoFailsInTheMiddleBreaksOffAndWhoFailsBeforeAnswers500() throws Exception {
        var half = get("/half").body();
        assertThat(new String(half.readNBytes(4), StandardCharsets.US_ASCII)).isEqualTo("half");
        assertThatThrownBy(half::read).isInstanceOf(IOException.class).hasMessage("the server broke its answer off");
        assertThat(get("/fail").status()).isEqualTo(500);
        assertThat(get("/upgrade").status()).isEqualTo(500);
        assertThatThrownBy(() -> get("/error")).isInstanceOf(IOException.class).hasMessage("the server broke off before its answer");
    }

    @Test
    void anAnswerThatDoesNotBeginInTimeIsGivenUp() throws Exception {
        assertThatThrownBy(() -> calls.call("GET", "/never", Map.of(), NONE, Duration.ofMillis(50)))
                .isInstanceOf(IOException.class)
                .hasMessage("no answer within 50 ms");
        // It was served all the same, and told.
        begun.await();
        disconnected.get(20, TimeUnit.SECONDS);
    }

    @Test
    void aCallerThatIsInterruptedLeaves() throws Exception {
        var how = new CompletableFuture<Throwable>();
        Thread caller = Thread.ofVirtual().start(() -> {
            try {
                get("/never");
            } catch (IOException | InterruptedException e) {
                how.complete(e);
            }
        });
        begun.await();
        caller.interrupt();
        assertThat(how.get(20, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
        disconnected.get(20, TimeUnit.SECONDS);
    }

    @Test
    void aReaderThatIsInterruptedLearnsOfIt() throws Exception {
        var body = get("/events").body();
        body.readNBytes(8);
        var how = new CompletableFuture<Throwable>();
        Thread reader = Thread.ofVirtual().start(() -> {
            try {
                body.read();
            } catch (IOException e) {
                how.complete(e);
            }
        });
        reader.interrupt();
        assertThat(how.get(20, TimeUnit.SECONDS)).isInstanceOf(java.io.InterruptedIOException.class);
    }

    @Test
    void aBodyThatIsTooLargeIsRefused() throws Exception {
        var answer = calls.call("POST", "/api/v1/x", Map.of(), new byte[1_001], LONG);
        assertThat(answer.status()).isEqualTo(413);
        assertThat(text(answer.body())).contains("RequestEntityTooLarge");
    }

    @Test
    void closingBreaksOffWhatIsUnderWay() throws Exception {
        var body = get("/events").body();
        body.readNBytes(8);
        calls.close();
        assertThatThrownBy(body::read).isInstanceOf(IOException.class);
        disconnected.get(20, TimeUnit.SECONDS);
        assertThatThrownBy(() -> get("/api")).isInstanceOf(IOException.class).hasMessage("the server is stopping");
    }

    @Test
    void closingWaitsForWhatIsBeingServed() throws Exception {
        Thread caller = Thread.ofVirtual().start(() -> {
            try {
                get("/never");
            } catch (IOException | InterruptedException broken) {
                // Broken off.
            }
        });
        begun.await();
        Thread closer = Thread.ofVirtual().start(calls::close);
        disconnected.get(20, TimeUnit.SECONDS);
        assertThat(closer.isAlive()).isTrue();
        more.countDown();
        closer.join();
        assertThat(served).isTrue();
        caller.join();
    }
}
