package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// `kubectl attach` and `kubectl run -i`: people and pipes at the first process of a container.
@ExtendWith(SharedCluster.class)
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AttachTest {

    /// A pod whose first process reads.
    private static void reader(Cluster cluster, String name, String settings, String script) {
        cluster.apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: %s}
                spec:
                  restartPolicy: Never
                  terminationGracePeriodSeconds: 1
                  containers:
                  - {name: main, image: %s, stdin: true, %s, command: [sh, -c, '%s']}
                """.formatted(name, Cluster.SAMPLE, settings, script));
        cluster.awaitRunning(name);
    }

    /// A running kubectl with its input and output.
    private record Attached(Process kubectl, OutputStream in, BufferedReader out) implements AutoCloseable {
        static Attached of(Cluster cluster, String... arguments) throws IOException {
            String[] attach = Stream.concat(Stream.of("attach", "-i"), Arrays.stream(arguments)).toArray(String[]::new);
            ProcessBuilder builder = new ProcessBuilder(cluster.kubectlCommand(attach)).redirectError(ProcessBuilder.Redirect.DISCARD);
            builder.environment().putAll(cluster.environment());
            Process kubectl = builder.start();
            return new Attached(kubectl, kubectl.getOutputStream(), kubectl.inputReader(StandardCharsets.UTF_8));
        }

        String ask(String line) throws IOException {
            in.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            in.flush();
            return out.readLine();
        }

        @Override
        public void close() throws IOException {
            kubectl.destroyForcibly();
        }
    }

    @Test
    void whatIsTypedReachesTheProcessAndItsAnswersComeBackToEverybody(Cluster cluster) throws Exception {
        reader(cluster, "reads", "stdinOnce: false", "while read -r line; do echo \"got $line\"; done; echo over");
        try (Attached first = Attached.of(cluster, "reads")) {
            assertThat(first.ask("one")).isEqualTo("got one");
            try (Attached second = Attached.of(cluster, "reads", "-c", "main")) {
                assertThat(second.ask("two")).isEqualTo("got two");
                assertThat(first.out().readLine()).isEqualTo("got two");
            }
            assertThat(first.ask("three")).isEqualTo("got three");
            // The end of this input is not the end of the container's.
            first.in().close();
        }
        try (Attached later = Attached.of(cluster, "reads")) {
            assertThat(later.ask("four")).isEqualTo("got four");
        }
        assertThat(cluster.kubectl("logs", "reads")).isEqualTo("got one\ngot two\ngot three\ngot four\n");
        cluster.delete("reads");
    }

    @Test
    void theEndOfTheOneInputIsTheEndOfTheContainersInput(Cluster cluster) throws Exception {
        reader(cluster, "sums", "stdinOnce: true", "md5sum; exit 5");
        assertThat(cluster.kubectlWithInput("hello", "attach", "-i", "sums", "-q")).isEqualTo("5d41402abc4b2a76b9719d911017c592  -\n");
        cluster.awaitPod("sums", "{.status.phase}/{.status.containerStatuses[0].state.terminated.exitCode}", "Failed/5"::equals);
        cluster.delete("sums");
    }

    @Test
    void aPodIsRunForOneInputAndRemoved(Cluster cluster) {
        Run run = Run.of(Duration.ofMinutes(2), cluster.environment(), "you\n".getBytes(StandardCharsets.UTF_8), cluster.kubectlCommand(
                "run", "once", "-i", "--rm", "--restart=Never", "--image=" + Cluster.SAMPLE, "--", "sh", "-c", "read -r who; echo \"hello $who\"; exit 3"));
        assertThat(run.out()).contains("hello you\n", "pod \"once\" deleted");
        assertThat(run.exitCode()).as(run.toString()).isEqualTo(3);
        assertThat(cluster.kubectlRun("get", "pod", "once").err()).contains("(NotFound)");
    }

    @Test
    void aTerminalIsAttachedToTheFirstProcess(Cluster cluster) throws Exception {
        reader(cluster, "shell", "tty: true", "exec sh");
        try (Terminal terminal = new Terminal(cluster, 31, 97, "attach", "-it", "shell")) {
            terminal.type("here=kept; echo ready-$((1+1)) on $(tty)\n");
            terminal.awaits("ready-2 on /dev/");
            Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                terminal.type("stty size\n");
                terminal.awaits("31 97");
            });
            terminal.type("sleep 6000\n");
            Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(
                    () -> assertThat(cluster.kubectl("exec", "shell", "--", "ps")).contains("sleep 6000"));
            terminal.control('C');
            terminal.type("echo interrupted-$((3+3))\n");
            terminal.awaits("interrupted-6");
        }
        // Who hangs up leaves the process where it is, for the next one.
        try (Terminal terminal = new Terminal(cluster, 40, 120, "attach", "-it", "shell")) {
            terminal.type("echo $here-$((2+2))\n");
            terminal.awaits("kept-4");
            terminal.type("exit 7\n");
            terminal.awaitEnd();
        }
        cluster.awaitPod("shell", "{.status.phase}/{.status.containerStatuses[0].state.terminated.exitCode}", "Failed/7"::equals);
        cluster.delete("shell");
    }
}
