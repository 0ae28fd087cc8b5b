package io.hypernetes.acceptance;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Simulated nodes of a cluster, tainted so that only pods that say so go there: label and taint `simulated=PREFIX`.
final class SimulatedNodesOf implements AutoCloseable {
    private final Cluster cluster;
    private final Process process;

    private SimulatedNodesOf(Cluster cluster, Process process) {
        this.cluster = cluster;
        this.process = process;
    }

    /// Two of them, `PREFIX-0` and `PREFIX-1`, each with four of `example.com/slots`.
    static SimulatedNodesOf two(Cluster cluster, String prefix) throws IOException {
        SimulatedNodesOf nodes = new SimulatedNodesOf(cluster, cluster.start("simulate", "nodes", "2", "--prefix", prefix, "--zones", "0", "--room", "example.com/slots=4",
                "--label", "simulated=" + prefix, "--taint", "simulated=" + prefix + ":NoSchedule"));
        try {
            BufferedReader lines = nodes.process.inputReader(StandardCharsets.UTF_8);
            if (lines.readLine() == null) {
                throw new AssertionError("the simulated nodes ended at once");
            }
            return nodes;
        } catch (IOException | RuntimeException | AssertionError e) {
            nodes.close();
            throw e;
        }
    }

    /// The members of a pod spec that bring a pod to these nodes and to no other.
    static String placement(String prefix) {
        return "nodeSelector: {simulated: " + prefix + "}, tolerations: [{key: simulated, operator: Exists}], terminationGracePeriodSeconds: 0";
    }

    /// Ends it, which takes the nodes away.
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(Duration.ofSeconds(30).toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("the simulated nodes of " + cluster.root + " did not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
