package io.hypernetes.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VolumeRoomTest {
    /// One that waits for its turn neither blocks those with little, nor stays when nobody waits any more.
    @Test
    void podsWithLargeVolumesTakeTurns() throws Exception {
        Semaphore turns = new Semaphore(1, true);
        VolumeRoom first = new VolumeRoom(turns);
        first.begin();
        first.add("f", 1 << 20);
        assertThat(turns.availablePermits()).isZero();
        try (VolumeRoom small = new VolumeRoom(turns)) {
            small.begin();
            small.add("f", 100);
        }
        Thread second = Thread.ofVirtual().start(() -> {
            try (VolumeRoom room = new VolumeRoom(turns)) {
                room.begin();
                room.add("f", 1 << 20);
            }
        });
        await().until(turns::hasQueuedThreads);
        first.close();
        second.join();
        assertThat(turns.availablePermits()).isEqualTo(1);
    }
}
