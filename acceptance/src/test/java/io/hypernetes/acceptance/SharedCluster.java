package io.hypernetes.acceptance;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// Gives tests the one cluster of the run: made at first use, taken down behind the last test.
public final class SharedCluster implements ParameterResolver {
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
        return context.getRoot().getStore(NAMESPACE).computeIfAbsent(Cluster.class, type -> create(), Cluster.class);
    }

    private static Cluster create() {
        try {
            Cluster cluster = Cluster.at(Files.createTempDirectory("hypernetes-acceptance-"), 91);
            Run up = cluster.up();
            System.out.println(up.out());
            up.ok();
            return cluster;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
