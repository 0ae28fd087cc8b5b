package io.hypernetes.acceptance;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// Gives tests the one cluster of the run: made at first use, taken down behind the last test.
public final class SharedCluster implements ParameterResolver {
    /// Addresses of the machine's own, on a device that leads nowhere: at the one registries for tenants may be, at the other not.
    static final String REGISTRY = "10.211.0.1", OPERATORS = "10.211.0.2";

    private static final String DEVICES = "hn-acc-";
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(SharedCluster.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Cluster.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return of(context);
    }

    /// The cluster of the run that a test is part of.
    static Cluster of(ExtensionContext context) {
        ExtensionContext.Store store = context.getRoot().getStore(NAMESPACE);
        store.computeIfAbsent(Device.class, type -> new Device(), Device.class);
        return store.computeIfAbsent(Cluster.class, type -> create(), Cluster.class);
    }

    /// Of this run alone: another beside it has its own, with the same addresses. What runs that were killed left goes.
    private static final class Device implements AutoCloseable {
        private final String name = DEVICES + ProcessHandle.current().pid();

        private Device() {
            Run.of("sh", "-c", "cd /sys/class/net; for one in " + DEVICES + "[0-9]*; do [ -e $one ] && [ ! -e /proc/${one#" + DEVICES + "} ] && ip link del $one; done");
            Run.of("sh", "-ec", "ip link add %1$s type bridge; ip addr add %2$s/32 dev %1$s; ip addr add %3$s/32 dev %1$s; ip link set %1$s up".formatted(name, REGISTRY, OPERATORS)).ok();
        }

        @Override
        public void close() {
            Run.of("ip", "link", "del", name).ok();
        }
    }

    private static Cluster create() {
        try {
            Cluster cluster = Cluster.at(Files.createTempDirectory("hypernetes-acceptance-"), 91, "registry-cidrs=" + REGISTRY + "/32", "insecure-registries=" + REGISTRY + ":" + Cluster.freePort());
            Run up = cluster.up();
            System.out.println(up.out());
            up.ok();
            return cluster;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
