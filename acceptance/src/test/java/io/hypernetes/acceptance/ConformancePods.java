package io.hypernetes.acceptance;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// What the tests of upstream's conformance behaviours that need containers look at. Machines are dear, so four pods (`conformance-pods.yaml`)
/// serve all of them: made for the first class that asks, removed behind the last, so that nobody else finds them.
final class ConformancePods {
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(ConformancePods.class);

    private final Cluster cluster;

    private ConformancePods(Cluster cluster) {
        this.cluster = cluster;
    }

    /// Gives tests these pods.
    static final class Shared implements ParameterResolver, AfterAllCallback {
        private static final Set<Class<?>> USERS = ConcurrentHashMap.newKeySet();

        static {
            USERS.addAll(List.of(ConformanceContainersTest.class, ConformanceNetworkTest.class, ConformanceVolumesTest.class));
        }

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == ConformancePods.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            Cluster cluster = SharedCluster.of(context);
            ConformancePods pods = context.getRoot().getStore(NAMESPACE).computeIfAbsent(ConformancePods.class, type -> new ConformancePods(cluster).make(), ConformancePods.class);
            // By each test: where they took too long for the first one, they are not made twice.
            List.of("c-web", "c-volumes", "c-plain").forEach(cluster::awaitRunning);
            return pods;
        }

        /// When some of the classes do not run at all, the pods go with the cluster.
        @Override
        public void afterAll(ExtensionContext context) {
            boolean last;
            synchronized (USERS) {
                last = USERS.remove(context.getRequiredTestClass()) && USERS.isEmpty();
            }
            ConformancePods pods = context.getRoot().getStore(NAMESPACE).get(ConformancePods.class, ConformancePods.class);
            if (last && pods != null) {
                pods.remove();
            }
        }
    }

    private ConformancePods make() {
        try (InputStream manifest = Objects.requireNonNull(ConformancePods.class.getResourceAsStream("conformance-pods.yaml"))) {
            Path folder = Files.createTempDirectory("hypernetes-conformance-");
            Path udp = tool(folder, "udp");
            Path watch = tool(folder, "watch");
            cluster.kubectl("create", "configmap", "c-tools", "--from-file=" + udp, "--from-file=" + watch);
            Files.delete(udp);
            Files.delete(watch);
            Files.delete(folder);
            cluster.apply(new String(manifest.readAllBytes(), StandardCharsets.UTF_8).replace("IMAGE", Cluster.SAMPLE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    private static Path tool(Path folder, String name) {
        Path program = folder.resolve(name);
        Path source = Cluster.checkout().resolve("acceptance/src/test/resources/io/hypernetes/acceptance/" + name + ".c");
        Run.of("musl-gcc", "-static", "-Os", "-s", "-o", program.toString(), source.toString()).ok();
        return program;
    }

    private void remove() {
        cluster.kubectl("delete", "pod/c-web", "pod/c-volumes", "pod/c-plain", "pod/c-ends", "job/c-job",
                "service/c-web", "service/c-sub", "service/c-outside", "service/c-sticky", "service/c-apart", "service/c-both",
                "configmap/c-map", "configmap/c-tools", "configmap/c-late", "secret/c-secret", "secret/c-late", "namespace/c-other",
                "--ignore-not-found", "--timeout=60s");
    }

    Cluster cluster() {
        return cluster;
    }

    /// What a script prints in a container, `root` or `user`, of the pod that has volumes of all sorts.
    String in(String container, String script) {
        return cluster.kubectl("exec", "c-volumes", "-c", container, "--", "sh", "-c", script);
    }

    /// What a script prints in the first container of the pod without anything special.
    String plain(String script) {
        return cluster.kubectl("exec", "c-plain", "-c", "env", "--", "sh", "-c", script);
    }

    /// What the API says of one of the pods.
    String read(String name, String jsonPath) {
        return cluster.kubectl("get", "pod", name, "-o", "jsonpath=" + jsonPath);
    }
}
