package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.fair.InUse;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.cel.Budget;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Room for the policies that need much memory while they are evaluated: a few at once, of all requests, and fewer of one tenant. What a request may hold is bounded by
/// its [Budget], but hundreds are served at once. Thread-safe.
final class EvaluationRoom {
    private static final int MOST = 4;

    private static final int MOST_OF_A_TENANT = 2;

    /// Half of what a budget lets an evaluation take, so that who waited can still be evaluated.
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final InUse<Object> inUse;

    EvaluationRoom() {
        this(PATIENCE);
    }

    EvaluationRoom(Duration patience) {
        this.inUse = new InUse<>(new InUse.Room(MOST, MOST_OF_A_TENANT, 0, 0, patience), "the policies", "let them compute less");
    }

    /// What the policies of a tenant may cost for one request.
    Budget budget(String tenant) {
        return new Budget(Budget.REQUEST, () -> take(tenant));
    }

    private @Nullable Runnable take(String tenant) {
        try {
            return inUse.takeSeated(tenant, new Object(), 1)::close;
        } catch (ApiException e) {
            // Told as what interrupts an evaluation, so that the policy's failurePolicy decides.
            return null;
        }
    }
}
