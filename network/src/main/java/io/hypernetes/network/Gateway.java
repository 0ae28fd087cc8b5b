package io.hypernetes.network;

import java.util.function.Consumer;
import java.util.function.Supplier;

/// Where the pods of one tenant on this node leave their segment: the router, the load balancer and the place of its name server. Safe
/// for use by many threads.
public interface Gateway {

    String tenant();

    /// Its address, which pods use as their router, as `10.88.0.1`.
    String address();

    /// Runs something where sockets belong to the gateway: they reach the tenant's pods and are reached by them, and stay there for life.
    /// May run on another thread.
    <T> T inside(Supplier<T> action);

    /// Makes these the tenant's services, in place of those before, in one step.
    void serve(ServiceTable services);

    /// Joins the gateways of the same tenant on the other nodes.
    ///
    /// @param number that all of them use and those of no other tenant, 1 to 16777215
    default void join(int number) {}

    /// Says that the tenant ends: without pods the gateway goes soon, and is not kept for the next one. With pods nothing happens.
    default void dissolve() {}

    /// Is told of gateways that come and go, one call at a time for a gateway. What it does must be quick.
    ///
    /// @param opened gets a gateway before its first pod is attached
    /// @param left gets it when its last pod has gone; it is kept for a while
    /// @param reused gets it when a pod has come since
    /// @param closed gets it when it is about to go
    record Follower(Consumer<Gateway> opened, Consumer<Gateway> left, Consumer<Gateway> reused, Consumer<Gateway> closed) {}
}
