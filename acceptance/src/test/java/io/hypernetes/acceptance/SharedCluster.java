package io.hypernetes.acceptance;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// Gives tests the one cluster of their test process: made at first use, taken down behind the last test.
public final class SharedCluster implements ParameterResolver {
    /// Pods of two clusters on one machine have no address in common.
    private static final int CIDR_BYTE = 90 + Integer.getInteger("acceptance.fork", 1);

    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(SharedCluster.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Cluster.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getRoot().getStore(NAMESPACE).computeIfAbsent(Cluster.class, type -> create(), Cluster.class);
    }

    private static Cluster create() {
        try {
            Cluster cluster = Cluster.at(Files.createTempDirectory("hypernetes-acceptance-"), CIDR_BYTE);
            Run up = cluster.up();
            System.out.println(up.out());
            up.ok();
            return cluster;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
