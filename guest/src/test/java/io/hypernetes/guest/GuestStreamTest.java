package io.hypernetes.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class GuestStreamTest {

    @Test
    void anInterruptedWriteLeavesNoGap() throws Exception {
        Outgoing outgoing = new Outgoing();
        outgoing.add("filling the queue", List.of(new byte[2 << 20]), null);
        GuestStream stream = new GuestStream(1, "standard input of container web", outgoing, 0);
        byte[] window = new byte[16];
        Bytes.putU64(window, 8, 1000);
        stream.window(window);
        CompletableFuture<Object> outcome = new CompletableFuture<>();
        Thread writer = Thread.ofVirtual().start(() -> outcome.complete(FakeGuest.attempt(() -> {
            stream.write(new byte[100], 0, 100);
            return "written";
        })));
        while (writer.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        writer.interrupt();
        assertThat(((GuestException) outcome.get(10, TimeUnit.SECONDS)).kind()).isEqualTo(GuestException.Kind.INTERRUPTED);
        assertThat(stream.isWritable()).isTrue();
        assertThat(outgoing.take()).hasSize(2 << 20);
        stream.write(new byte[] {'x'}, 0, 1);
        byte[] sent = outgoing.take();
        assertThat(sent).isNotNull();
        assertThat(Bytes.u64(sent, Frame.HEADER)).isZero();
    }
}
