package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.LoopStream;
import io.hypernetes.apiserver.storage.ChangeCursor;
import io.hypernetes.apiserver.storage.ObjectChange;
import java.util.concurrent.ScheduledExecutorService;

/// Sends the events of one watch from its connection's event loop while the watch's own thread sleeps. What would keep the loop, a slow client or a
/// large object, is left to that thread.
final class LoopDelivery implements ChangeCursor.Taker {
    private static final int LARGE_BYTES = 64 << 10;

    private final LoopStream stream;
    private final EventEncoder encoder;

    LoopDelivery(LoopStream stream, EventEncoder encoder) {
        this.stream = stream;
        this.encoder = encoder;
    }

    @Override
    public ScheduledExecutorService loop() {
        return stream.loop();
    }

    @Override
    public boolean take(ObjectChange change) {
        // Asked before the event is made: a table's first event is made once.
        if (!stream.ready() || change.entry().length() > LARGE_BYTES) {
            return false;
        }
        var event = encoder.event(change);
        if (event != null) {
            stream.offer(event);
        }
        return true;
    }

    @Override
    public void taken() {
        stream.sendOffered();
    }
}
