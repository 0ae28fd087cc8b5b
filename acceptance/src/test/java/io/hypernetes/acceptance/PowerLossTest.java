package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.Tls;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The master's disk is copied at random instants while writers are at work: what a disk holds when the power goes. A master started
/// from the copy has every write that was acknowledged before the copy began.
class PowerLossTest {
    private static final int COPIES = 2;
    private static final int WRITERS = 8;
    private static final Pattern NAME = Pattern.compile("\"name\":\"(w[0-9]+)\"");

    @Test
    void everyAcknowledgedWriteSurvives(@TempDir Path folder) throws Exception {
        Path disk = folder.resolve("disk.img");
        Path mount = Files.createDirectories(folder.resolve("disk"));
        Run.of("truncate", "-s", "1G", disk.toString()).ok();
        Run.of("mkfs.ext4", "-q", disk.toString()).ok();
        Run.of("mount", "-o", "loop", disk.toString(), mount.toString()).ok();
        try {
            Path root = mount.resolve("cluster");
            int port = Cluster.freePort();
            List<Path> copies = new ArrayList<>();
            List<Set<String>> acknowledgedBefore = new ArrayList<>();
            try (Master master = new Master(root, port)) {
                writeUnderLoad(master, root, port, () -> {
                    Path copy = folder.resolve("copy" + copies.size() + ".img");
                    Run.of("cp", "--sparse=always", disk.toString(), copy.toString()).ok();
                    copies.add(copy);
                }, acknowledgedBefore);
            }
            for (int i = 0; i < copies.size(); i++) {
                assertThat(acknowledgedBefore.get(i)).isNotEmpty();
                assertThat(namesOnCopy(folder, copies.get(i))).containsAll(acknowledgedBefore.get(i));
            }
        } finally {
            Run.of("umount", mount.toString()).ok();
        }
    }

    private static void writeUnderLoad(Master master, Path root, int port, Runnable copy, List<Set<String>> acknowledgedBefore) throws Exception {
        Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger next = new AtomicInteger();
        HttpClient client = operator(root);
        List<Thread> writers = new ArrayList<>();
        for (int w = 0; w < WRITERS; w++) {
            writers.add(Thread.ofVirtual().start(() -> {
                while (!over.get()) {
                    String name = "w" + next.incrementAndGet();
                    String body = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"" + name + "\"},\"data\":{\"k\":\"v\"}}";
                    try {
                        HttpResponse<String> answer = client.send(
                                HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + "/api/v1/namespaces/default/configmaps"))
                                        .header("Content-Type", "application/json")
                                        .POST(HttpRequest.BodyPublishers.ofString(body))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString());
                        if (answer.statusCode() == 201) {
                            acknowledged.add(name);
                        }
                    } catch (Exception ended) {
                        return;
                    }
                }
            }));
        }
        Random random = new Random();
        for (int i = 0; i < COPIES; i++) {
            int until = acknowledged.size() + 200 + random.nextInt(400);
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> acknowledged.size() > until);
            acknowledgedBefore.add(Set.copyOf(acknowledged));
            copy.run();
        }
        over.set(true);
        for (Thread writer : writers) {
            writer.join();
        }
    }

    private static Set<String> namesOnCopy(Path folder, Path copy) throws Exception {
        Path mount = Files.createDirectories(folder.resolve("mounted"));
        Run.of("mount", "-o", "loop", copy.toString(), mount.toString()).ok();
        int port = Cluster.freePort();
        try (Master master = new Master(mount.resolve("cluster"), port)) {
            String list = operator(mount.resolve("cluster"))
                    .send(HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + "/api/v1/namespaces/default/configmaps")).build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            Set<String> names = new TreeSet<>();
            for (Matcher name = NAME.matcher(list); name.find(); ) {
                names.add(name.group(1));
            }
            return names;
        } finally {
            Run.of("umount", mount.toString()).ok();
        }
    }

    private static HttpClient operator(Path root) {
        Authorities authorities = Authorities.open(root.resolve("lib/master/pki"), Clock.systemUTC(), new SecureRandom());
        SSLContext tls = Tls.client(authorities.root().certificate(),
                authorities.root().issue(CertificateSpec.client("operator", List.of("system:masters"), Duration.ofHours(1))));
        return HttpClient.newBuilder().sslContext(tls).build();
    }

    /// A master alone, in the foreground.
    private static final class Master implements AutoCloseable {
        private final Process process;

        Master(Path root, int port) throws Exception {
            process = new ProcessBuilder(
                            Cluster.checkout().resolve("hypernetes").toString(), "master", "--root", root.toString(), "--set", "api-port=" + port)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
            assertThat(output.readLine()).isEqualTo("READY");
        }

        @Override
        public void close() {
            process.destroy();
            process.onExit().join();
        }
    }
}
