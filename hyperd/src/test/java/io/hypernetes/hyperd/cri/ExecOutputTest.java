package io.hypernetes.hyperd.cri;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExecOutputTest {
    private static final int OWN = 10 << 10;

    private static InputStream printed(int bytes) {
        return new ByteArrayInputStream(new byte[bytes]);
    }

    private static int kept(OutputBudget.Share share, int printed, int most) throws InterruptedException {
        return new ExecOutput(printed(printed), share, most).finish().size();
    }

    @Test
    void noMoreIsKeptThanIsWanted() throws Exception {
        OutputBudget budget = new OutputBudget(1 << 30);
        try (OutputBudget.Share share = budget.share()) {
            assertThat(kept(share, 5 << 20, OutputBound.MOST)).isEqualTo(4 << 20);
            assertThat(kept(share, 5 << 20, 10 << 10)).isEqualTo(10 << 10);
            assertThat(kept(share, 100, 10 << 10)).isEqualTo(100);
            assertThat(kept(share, 100, 0)).isZero();
        }
    }

    /// As when all probes of a pod print without end.
    @Test
    void allTogetherKeepNoMoreThanThereIs() throws Exception {
        OutputBudget budget = new OutputBudget(32 << 20);
        List<OutputBudget.Share> shares = new ArrayList<>();
        int kept = 0;
        for (int i = 0; i < 64; i++) {
            shares.add(budget.share());
            kept += kept(shares.getLast(), 5 << 20, OutputBound.MOST) + kept(shares.getLast(), 5 << 20, OutputBound.MOST);
        }
        assertThat(kept).isEqualTo((32 << 20) + 128 * OWN);
        assertThat(kept(shares.getLast(), 5 << 20, OutputBound.MOST)).as("what each has for itself").isEqualTo(OWN);
        shares.forEach(OutputBudget.Share::close);
        shares.forEach(OutputBudget.Share::close);
        try (OutputBudget.Share later = budget.share()) {
            assertThat(kept(later, 5 << 20, OutputBound.MOST)).as("it is given back, once").isEqualTo(4 << 20);
            assertThat(later.take(1 << 30)).isEqualTo((28 << 20) + OWN);
        }
        assertThat(shares.getFirst().take(1)).as("by who is over").isZero();
    }

    /// What is told is the beginning, although there is room again later.
    @Test
    void nothingIsKeptBehindAGap() throws Exception {
        OutputBudget budget = new OutputBudget(1000);
        OutputBudget.Share others = budget.share();
        others.take(1000);
        InputStream later = new InputStream() {
            private boolean ended;

            @Override
            public int read() {
                throw new UnsupportedOperationException();
            }

            @Override
            public int read(byte[] buffer, int offset, int length) {
                if (ended) {
                    return -1;
                }
                ended = true;
                others.close();
                return 100;
            }
        };
        assertThat(new ExecOutput(new SequenceInputStream(printed(OWN + 1), later), budget.share(), OutputBound.MOST).finish().size()).isEqualTo(OWN);
    }

    @ParameterizedTest
    @CsvSource({"10240,10240", "0,0", "999999999,4194304", "99999999999,4194304", "-1,4194304", "much,4194304", "'',4194304"})
    void aCallerSaysHowMuchItWants(String said, int most) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("hypernetes-most-output", Metadata.ASCII_STRING_MARSHALLER), said);
        assertThat(bound(headers)).isEqualTo(most);
    }

    @Test
    void whoSaysNothingGetsAll() {
        assertThat(bound(new Metadata())).isEqualTo(4 << 20);
    }

    private static int bound(Metadata headers) {
        AtomicInteger seen = new AtomicInteger();
        ServerCall.Listener<Object> listener = new OutputBound().interceptCall(null, headers, (call, same) -> new ServerCall.Listener<>() {
            @Override
            public void onHalfClose() {
                seen.set(OutputBound.current());
            }
        });
        listener.onHalfClose();
        return seen.get();
    }
}
