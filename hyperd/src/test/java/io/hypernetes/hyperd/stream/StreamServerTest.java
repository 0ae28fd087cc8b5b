package io.hypernetes.hyperd.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StreamServerTest {
    private final HandClock clock = new HandClock();
    private final StreamServer server = new StreamServer(clock);

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void anAddressIsGoodOnceAndForAWhile() throws Exception {
        String once = server.address("exec", StreamServerTest::greet);
        assertThat(get(once)).isEqualTo(200);
        assertThat(get(once)).isEqualTo(404);
        String late = server.address("exec", StreamServerTest::greet);
        clock.now = clock.now.plus(StreamServer.TOKEN_LIFE).plusSeconds(1);
        assertThat(get(late)).isEqualTo(404);
        assertThat(get(late.substring(0, late.length() - 1))).isEqualTo(404);
        assertThat(get(late.substring(0, late.lastIndexOf('/') + 1))).isEqualTo(404);
    }

    private static void greet(io.netty.channel.Channel channel, io.netty.handler.codec.http.HttpRequest request) {
        DefaultFullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.EMPTY_BUFFER);
        response.headers().set("Content-Length", 0);
        channel.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }

    private static int get(String address) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create(address)).timeout(Duration.ofSeconds(60)).build(),
                            HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        }
    }

    private static final class HandClock extends Clock {
        private volatile Instant now = Instant.EPOCH;

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }
}
