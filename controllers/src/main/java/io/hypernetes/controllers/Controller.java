package io.hypernetes.controllers;

import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/// One control loop. [#watch] is called once before anything starts; [#reconcile] by one thread at a time for one key.
public interface Controller {

    /// For logs and thread names.
    String name();

    /// Registers handlers with the shared caches that pass the keys of objects to be looked at to `wake`, which never blocks.
    void watch(Caches caches, Consumer<ObjectKey> wake);

    /// Whose work a key is: the tenant whose webhooks may keep [#reconcile] waiting, so that it waits at the cost of that tenant.
    default String tenantOf(ObjectKey key) {
        return key.tenant();
    }

    /// Brings one object to its wanted state.
    ///
    /// @return after which time to look again, when something is only a matter of time
    /// @throws RuntimeException to be called again after a pause
    Optional<Duration> reconcile(ObjectKey key) throws InterruptedException;
}
