package io.hypernetes.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 20, unit = TimeUnit.SECONDS)
class HostProcessTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @Test
    void aChildHasExactlyTheDescriptorsNamed() throws Exception {
        int[] out = Descriptors.pipe();
        int leaked = Descriptors.openForReading(Path.of("/dev/zero"));
        int secret = Descriptors.readOnlyMemoryFile("secret", "hello".getBytes(StandardCharsets.UTF_8));
        int nothing = Descriptors.openForReading(Path.of("/dev/null"));
        Spawn spawn = Spawn.of(List.of("sh", "-c", "cat <&3; echo; ls -1 /proc/$$/fd; pwd; env"))
                .withEnvironment(Map.of("A", "b", "PATH", "/bin"))
                .withDescriptors(List.of(nothing, out[1], out[1], secret))
                .inFolder(Path.of("/usr"));
        try (HostProcess child = spawn.start()) {
            Descriptors.close(out[1]);
            String printed = readAll(out[0]);
            assertThat(printed.lines()).startsWith("hello", "0", "1", "2", "3").contains("/usr", "A=b");
            assertThat(printed.lines()).doesNotContain("4", "5", "6", "7", "8", "9");
            assertThat(child.awaitExit(SOON)).contains(new ExitStatus.Code(0));
        }
        List.of(out[0], leaked, secret, nothing).forEach(Descriptors::close);
    }

    @Test
    void tellsHowAChildEnded() throws Exception {
        try (HostProcess exits = Spawn.of(List.of("sh", "-c", "exit 7")).start();
                HostProcess killed = Spawn.of(List.of("sleep", "60")).start()) {
            assertThat(exits.awaitExit(SOON)).contains(new ExitStatus.Code(7));
            assertThat(killed.awaitExit(Duration.ofMillis(20))).isEmpty();
            killed.signal(HostProcess.SIGKILL);
            assertThat(killed.awaitExit(SOON)).contains(new ExitStatus.Signal(9));
            killed.signal(HostProcess.SIGKILL);
            assertThat(HostProcess.find(killed.pid())).isEmpty();
        }
    }

    @Test
    void followsAProcessThatIsNotAChild() throws Exception {
        int[] out = Descriptors.pipe();
        int nothing = Descriptors.openForReading(Path.of("/dev/null"));
        // The shell prints its background child's number and exits, so that the child belongs to init.
        try (HostProcess shell = Spawn.of(List.of("sh", "-c", "sleep 60 & echo $!"))
                .withDescriptors(List.of(nothing, out[1], nothing))
                .start()) {
            Descriptors.close(out[1]);
            byte[] line = new byte[32];
            int got = Descriptors.read(out[0], line);
            long pid = Long.parseLong(new String(line, 0, got, StandardCharsets.UTF_8).strip());
            assertThat(shell.awaitExit(SOON)).contains(new ExitStatus.Code(0));
            long started = HostProcess.startTimeTicks(pid).orElseThrow();
            assertThat(HostProcess.find(pid, started - 1)).isEmpty();
            try (HostProcess orphan = HostProcess.find(pid, started).orElseThrow()) {
                assertThat(orphan.awaitExit(Duration.ofMillis(10))).isEmpty();
                orphan.signal(HostProcess.SIGKILL);
                assertThat(orphan.awaitExit(SOON)).contains(new ExitStatus.Unknown());
            }
        }
        Descriptors.close(out[0]);
        Descriptors.close(nothing);
    }

    @Test
    void aProgramThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> Spawn.of(List.of("/no/such/program")).start())
                .isInstanceOf(ErrnoException.class)
                .hasMessageContaining("/no/such/program")
                .hasMessageContaining("ENOENT");
    }

    @Test
    void manyVirtualThreadsMayWaitAtOnce() throws Exception {
        try (HostProcess child = Spawn.of(List.of("sleep", "60")).start()) {
            List<Thread> waiters = java.util.stream.IntStream.range(0, 50)
                    .mapToObj(i -> Thread.ofVirtual().start(() -> {
                        try {
                            Optional<ExitStatus> ended = child.awaitExit(SOON);
                            assertThat(ended).contains(new ExitStatus.Signal(15));
                        } catch (InterruptedException impossible) {
                            throw new AssertionError(impossible);
                        }
                    }))
                    .toList();
            child.signal(HostProcess.SIGTERM);
            for (Thread waiter : waiters) {
                assertThat(waiter.join(SOON)).isTrue();
            }
        }
    }

    private static String readAll(int descriptor) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[4096];
        for (int got; (got = Descriptors.read(descriptor, buffer)) > 0; ) {
            all.write(buffer, 0, got);
        }
        return all.toString(StandardCharsets.UTF_8);
    }
}
