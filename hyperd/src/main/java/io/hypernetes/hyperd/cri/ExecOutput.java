package io.hypernetes.hyperd.cri;

import com.google.protobuf.ByteString;
import io.hypernetes.guest.GuestException;
import java.io.IOException;
import java.io.InputStream;

/// Reads one output of a command to its end, on a thread of its own, and keeps its beginning. Programs that print without end are many pods' at a time, so beyond what
/// each has for itself all share one budget; what finds no room is dropped.
final class ExecOutput {
    /// What each output has without asking: more than a kubelet reads of a probe's.
    private static final int OWN = 10 << 10;

    private final ByteString.Output kept = ByteString.newOutput();
    private final OutputBudget.Share share;
    private final int most;
    private final Thread thread;

    /// @param most bytes that are kept at most
    ExecOutput(InputStream from, OutputBudget.Share share, int most) {
        this.share = share;
        this.most = most;
        this.thread = Thread.ofVirtual().name("exec-output").start(() -> read(from));
    }

    /// Waits for its end.
    ByteString finish() throws InterruptedException {
        thread.join();
        return kept.toByteString();
    }

    private void read(InputStream from) {
        byte[] buffer = new byte[16 * 1024];
        boolean whole = true;
        try {
            for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                if (whole) {
                    int room = room(count);
                    kept.write(buffer, 0, room);
                    // What comes after a gap is not told: it would look like what followed.
                    whole = room == count;
                }
            }
        } catch (IOException | GuestException lost) {
            // What came is what there is.
        }
    }

    private int room(int count) {
        int wanted = Math.min(count, most - kept.size());
        int own = Math.clamp(OWN - kept.size(), 0, wanted);
        return own + share.take(wanted - own);
    }
}
