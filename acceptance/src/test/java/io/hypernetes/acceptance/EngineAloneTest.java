package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// `hypernetes hyperd`, no cluster around it, beside a cluster that has taken the usual addresses: what somebody sees who wants `docker run` only.
@ExtendWith(SharedCluster.class)
class EngineAloneTest {

    @Test
    void containersReachEachOtherWithoutACluster(Cluster cluster, @TempDir Path root) throws Exception {
        Process engine = new ProcessBuilder(Cluster.checkout().resolve("hypernetes").toString(), "hyperd", "--root", root.toString())
                .redirectError(root.resolve("said").toFile()).start();
        try (BufferedReader out = new BufferedReader(new InputStreamReader(engine.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(out.readLine()).as(() -> said(root)).isEqualTo("READY");
            docker(root, "load", "-i", cluster.root.resolve("lib/sample.tar").toString());
            docker(root, "network", "create", "front");
            docker(root, "run", "-d", "--name", "web", "--network", "front", Cluster.SAMPLE, "sh", "-c", "echo served > /index.html; exec httpd -f -h /");
            assertThat(docker(root, "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "web")).matches("10\\.\\d+\\.0\\.\\d+\n");
            docker(root, "run", "-d", "--name", "client", "--network", "front", Cluster.SAMPLE, "sleep", "10000");
            await().atMost(Duration.ofSeconds(60)).untilAsserted(() ->
                    assertThat(run(root, "exec", "client", "timeout", "6", "wget", "-q", "-O", "-", "http://web/").out()).isEqualTo("served\n"));
            docker(root, "rm", "-f", "web", "client");
            docker(root, "network", "rm", "front");
        } finally {
            engine.destroy();
            if (!engine.waitFor(30, TimeUnit.SECONDS)) {
                engine.destroyForcibly();
            }
            Run.of(Duration.ofMinutes(2), Map.of(), new byte[0], List.of(Cluster.checkout().resolve("hypernetes").toString(), "down", "--root", root.toString()));
        }
    }

    private static String said(Path root) {
        try {
            return Files.readString(root.resolve("said"));
        } catch (java.io.IOException gone) {
            return gone.toString();
        }
    }

    private static String docker(Path root, String... arguments) {
        return run(root, arguments).ok();
    }

    private static Run run(Path root, String... arguments) {
        List<String> command = Stream.concat(Stream.of("docker", "-H", "unix://" + root.resolve("run/docker.sock")), Stream.of(arguments)).toList();
        return Run.of(Duration.ofMinutes(1), Map.of("HOME", root.toString()), new byte[0], command);
    }
}
