package io.hypernetes.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class OtlpExporterTest {
    private static final Step STEP = new Step(TraceContext.fresh(), "", "hyperd", "RunPodSandbox", 1_000, 500, Map.of(Caller.OF, "web"), "");

    @Test
    void spansReachTheCollector() throws Exception {
        BlockingQueue<String> bodies = new LinkedBlockingQueue<>();
        HttpServer collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/v1/traces", exchange -> {
            bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
        try (OtlpExporter exporter = new OtlpExporter("http://127.0.0.1:" + collector.getAddress().getPort() + "/", Map.of("host.name", "node-a"))) {
            exporter.accept(STEP);
            assertThat(bodies.poll(60, TimeUnit.SECONDS)).contains("RunPodSandbox", "service.name", "hyperd", "host.name", "node-a", "hypernetes.of", "web");
            await().atMost(Duration.ofSeconds(60)).until(() -> exporter.sent() == 1);
            assertThat(exporter.dropped()).isZero();
        } finally {
            collector.stop(0);
        }
    }

    @Test
    void aCollectorThatDoesNotAnswerHoldsNobodyUp() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        HttpServer collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        collector.createContext("/v1/traces", exchange -> {
            try {
                never.await();
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
            }
        });
        collector.start();
        try (OtlpExporter exporter = new OtlpExporter("http://127.0.0.1:" + collector.getAddress().getPort(), Map.of())) {
            for (int i = 0; i < 10_000; i++) {
                exporter.accept(STEP);
            }
            // 2,048 wait, and at most one batch is on its way.
            assertThat(exporter.dropped()).isGreaterThanOrEqualTo(10_000 - 2_048 - 2 * 512);
        } finally {
            never.countDown();
            collector.stop(0);
        }
    }
}
