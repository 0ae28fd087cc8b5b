package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The client libraries that people write programs with, unmodified: each creates, watches, patches, executes, forwards a port, and holds a lock.
@ExtendWith(SharedCluster.class)
@Order(7)
class ClientLibrariesTest {
    private static final String POD = "clients";
    private static final Duration LIMIT = Duration.ofMinutes(3);

    @BeforeAll
    static void aServerInAPod(Cluster cluster) {
        cluster.runShell(POD, "mkdir /www; echo from the pod > /www/index.html; exec httpd -f -p 8080 -h /www");
        cluster.awaitRunning(POD);
    }

    @AfterAll
    static void remove(Cluster cluster) {
        cluster.delete(POD);
    }

    @Test
    void fabric8(Cluster cluster) throws Exception {
        Fabric8Tour.run(kubeconfig(cluster), POD);
    }

    @Test
    void theOfficialJavaClient(Cluster cluster) throws Exception {
        OfficialJavaTour.run(kubeconfig(cluster), POD);
    }

    @Test
    void theOfficialNodeClient(Cluster cluster) {
        Path folder = Cluster.checkout().resolve("acceptance/clients/node");
        Run.of(LIMIT, Map.of(), new byte[0], List.of("npm", "ci", "--prefix", folder.toString(), "--no-audit", "--no-fund", "--loglevel=error")).ok();
        Run tour = Run.of(LIMIT, Map.of(), new byte[0], List.of("node", folder.resolve("tour.mjs").toString(), kubeconfig(cluster).toString(), POD));
        assertThat(tour.ok()).contains("informer ok", "exec ok", "portForward ok", "lease ok");
    }

    @Test
    void debiansPythonClient(Cluster cluster) {
        Path tour = Cluster.checkout().resolve("acceptance/clients/python/tour.py");
        // Debian's own interpreter: it is the one that has Debian's modules.
        Run run = Run.of(LIMIT, Map.of(), new byte[0], List.of("/usr/bin/python3", tour.toString(), kubeconfig(cluster).toString(), POD));
        assertThat(run.ok()).contains("informer ok", "execute ok", "forward ok", "elect ok");
    }

    private static Path kubeconfig(Cluster cluster) {
        return Path.of(cluster.environment().get("KUBECONFIG"));
    }
}
