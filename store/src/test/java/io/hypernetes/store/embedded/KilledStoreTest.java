package io.hypernetes.store.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that is killed at any instant loses nothing that it acknowledged.
class KilledStoreTest {
    @TempDir
    Path folder;

    @Test
    void everyAcknowledgedWriteIsThereAfterSigkill() throws Exception {
        Random random = new Random();
        for (int round = 0; round < 3; round++) {
            int enough = 200 + random.nextInt(3000);
            try (Acknowledged acknowledged = Acknowledged.start(folder)) {
                Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(5))
                        .until(() -> acknowledged.count() >= enough);
                acknowledged.kill();
                assertThat(acknowledged.count()).isGreaterThanOrEqualTo(enough);
                acknowledged.requireKept(folder, acknowledged.count());
            }
        }
    }
}
