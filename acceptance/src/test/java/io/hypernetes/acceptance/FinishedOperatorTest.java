package io.hypernetes.acceptance;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/// An operator that others have finished, as it is, on a cluster of its own: `integration/flink/test` says all of it.
@Order(2)
class FinishedOperatorTest {
    /// The first time 120 MB come from Maven Central.
    private static final Duration LIMIT = Duration.ofMinutes(10);

    @Test
    void flinksOperatorMakesChangesAndRemoves() {
        System.out.println(Run.of(LIMIT, Cluster.SHORT_LIVED, new byte[0], List.of(Cluster.checkout().resolve("integration/flink/test").toString())).ok());
    }
}
