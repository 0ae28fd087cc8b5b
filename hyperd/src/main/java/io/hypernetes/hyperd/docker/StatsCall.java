package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.GuestStats;
import io.hypernetes.hyperd.docker.http.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `docker stats`: a sample a second, each with the one before, from which clients compute.
final class StatsCall {
    private static final JsonMapper JSON = new JsonMapper();

    private final DockerHouse house;

    StatsCall(DockerHouse house) {
        this.house = house;
    }

    void handle(HttpExchange exchange, DockerContainer container) throws IOException, InterruptedException {
        boolean stream = exchange.query("stream").isEmpty() || exchange.flag("stream");
        if (container.isPaused()) {
            throw new DockerFailure(409, "container " + container.record().name() + " is paused, unpause the container before its use is measured");
        }
        CountDownLatch gone = new CountDownLatch(1);
        try (OutputStream out = exchange.stream(200, "application/json", Map.of())) {
            exchange.whenGone(gone::countDown);
            ObjectNode before = sample(container);
            boolean more = true;
            while (more) {
                if (gone.await(1, TimeUnit.SECONDS)) {
                    return;
                }
                ObjectNode now = sample(container);
                ObjectNode shown = now.deepCopy();
                shown.set("precpu_stats", before.path("cpu_stats"));
                shown.set("preread", before.path("read"));
                out.write((JSON.writeValueAsString(shown) + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8));
                before = now;
                more = stream && container.runNow() != null;
            }
        }
    }

    private ObjectNode sample(DockerContainer container) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("name", "/" + container.record().name()).put("id", container.id());
        json.put("read", Instant.now(house.clock()).toString());
        Runs.Run run = container.runNow();
        if (run == null) {
            json.putObject("cpu_stats");
            return json;
        }
        GuestStats stats = run.sandbox().guest().stats(Duration.ofSeconds(10));
        GuestStats.Usage usage = stats.containers().getOrDefault(container.id(), stats.pod().usage());
        int cpus = run.sandbox().record().size().vcpus();
        ObjectNode cpu = json.putObject("cpu_stats").put("system_cpu_usage", System.nanoTime() * cpus).put("online_cpus", cpus);
        cpu.putObject("cpu_usage").put("total_usage", usage.cpuNanos());
        long limit = container.record().hostConfig().path("Memory").asLong(0);
        json.putObject("memory_stats").put("usage", usage.memoryBytes())
                .put("limit", limit > 0 ? limit : (long) run.sandbox().record().size().memoryMib() << 20)
                .putObject("stats").put("inactive_file", Math.max(0, usage.memoryBytes() - usage.workingSetBytes()));
        json.putObject("pids_stats").put("current", usage.pids());
        ObjectNode networks = json.putObject("networks");
        stats.pod().interfaces().forEach(
                card -> networks.putObject(card.name()).put("rx_bytes", card.rxBytes()).put("tx_bytes", card.txBytes()));
        return json;
    }
}
