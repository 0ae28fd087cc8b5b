package io.hypernetes.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayDeque;
import org.junit.jupiter.api.Test;

class TlsArrivalTest {
    private final ArrayDeque<Runnable> steps = new ArrayDeque<>();
    private final TlsArrival arrival = new TlsArrival(steps::add);
    private int reads;
    private final EmbeddedChannel channel = new EmbeddedChannel(
            new ChannelOutboundHandlerAdapter() {
                @Override
                public void read(ChannelHandlerContext context) {
                    reads++;
                    context.read();
                }
            },
            arrival);

    private void comes(int bytes) {
        channel.writeInbound(Unpooled.wrappedBuffer(new byte[bytes]));
    }

    @Test
    void nothingMoreIsReadOfAClientThatSendsMuchWhileItsHandshakeWaits() {
        arrival.execute(() -> arrival.execute(() -> {}));
        comes(TlsArrival.AHEAD);
        assertThat(channel.config().isAutoRead()).isTrue();
        comes(1);
        assertThat(channel.config().isAutoRead()).isFalse();
        int before = reads;
        channel.read();
        assertThat(reads).isEqualTo(before);

        // The next step of the same handshake waits already.
        steps.remove().run();
        channel.runPendingTasks();
        assertThat(channel.config().isAutoRead()).isFalse();

        steps.remove().run();
        channel.runPendingTasks();
        assertThat(channel.config().isAutoRead()).isTrue();
        assertThat(reads).isGreaterThan(before);
    }

    @Test
    void whereNoStepWaitsAllIsRead() {
        comes(10 * TlsArrival.AHEAD);
        assertThat(channel.config().isAutoRead()).isTrue();
        arrival.execute(() -> {});
        steps.remove().run();
        channel.runPendingTasks();
        comes(10 * TlsArrival.AHEAD);
        assertThat(channel.config().isAutoRead()).isTrue();
    }
}
