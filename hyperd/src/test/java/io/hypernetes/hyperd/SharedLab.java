package io.hypernetes.hyperd;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// Gives tests the one [Lab] of the run, whose machines start as copies of a template: made at first use, ended behind the last test. Whoever uses it
/// removes its own pods. Templates die with the engine, so a test that kills the engine comes last in its class, and its class behind others (`@Order`).
public final class SharedLab implements BeforeAllCallback, ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(SharedLab.class);

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        if (store(context).get(Shared.class) == null) {
            Lab.require();
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Lab.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Shared shared = store(context).computeIfAbsent(Shared.class, type -> new Shared(), Shared.class);
        shared.revive();
        return shared.lab;
    }

    private static ExtensionContext.Store store(ExtensionContext context) {
        return context.getRoot().getStore(NAMESPACE);
    }

    private static final class Shared implements AutoCloseable {
        final Lab lab;

        Shared() {
            try {
                lab = new Lab(Files.createTempDirectory("hypernetes-lab-"), true);
            } catch (Exception failure) {
                throw new IllegalStateException("the engine for the tests did not start", failure);
            }
        }

        /// What a test that failed has left dead is no matter of the next.
        void revive() {
            try {
                if (lab.awaitDeath(java.time.Duration.ZERO)) {
                    lab.start();
                }
            } catch (Exception failure) {
                throw new IllegalStateException("the engine for the tests did not start again", failure);
            }
        }

        @Override
        public void close() throws Exception {
            lab.close();
            try (Stream<Path> files = Files.walk(lab.root)) {
                files.sorted(Comparator.reverseOrder()).forEach(SharedLab::delete);
            }
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
