package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// Who is attached by the Docker face and goes away without a word is let go, though nothing passes by which that would be noticed.
@ExtendWith(SharedLab.class)
@Order(5)
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class DockerAttachTest {
    private Path socket;
    private DockerClient docker;

    @BeforeEach
    void meet(Lab lab) {
        socket = lab.root.resolve("run/docker.sock");
        docker = new DockerClient(lab.root);
    }

    @AfterEach
    void clear() {
        docker.ok("ps", "-aq").lines().forEach(id -> docker.ok("rm", "-f", id));
    }

    @Test
    void whoseInputIsNotRead() throws Exception {
        docker.ok("run", "-d", "-i", "--name", "deaf", Lab.IMAGE, "sleep", "10000");
        try (SocketChannel client = attached("deaf", "stdin")) {
            client.configureBlocking(false);
            ByteBuffer much = ByteBuffer.allocate(64 * 1024);
            // Nothing more is taken, for a while.
            await().atMost(Duration.ofSeconds(60)).during(Duration.ofSeconds(1)).until(() -> client.write(much.clear()) == 0);
        }
        awaitLetGo();
        assertThat(docker.ok("inspect", "-f", "{{.State.Status}}", "deaf")).isEqualTo("running\n");
    }

    @Test
    void whoSendsNothing() throws Exception {
        docker.ok("run", "-d", "--name", "silent", Lab.IMAGE, "sleep", "10000");
        attached("silent", "stdout").close();
        awaitLetGo();
    }

    @Test
    void whoWaitsForWhatIsNotStarted() throws Exception {
        docker.ok("create", "--name", "idle", Lab.IMAGE, "true");
        attached("idle", "stdout").close();
        awaitLetGo();
    }

    @Test
    void whoIsAttachedToWhatDoesNotComeToHim() throws Exception {
        docker.ok("run", "-d", "--name", "chatty", Lab.IMAGE, "sh", "-c", "while true; do echo more; usleep 100000; done");
        attached("chatty", "stderr").close();
        awaitLetGo();
    }

    @Test
    void butNotWhoEndsHisInputAlone() throws Exception {
        Process client = new ProcessBuilder(docker.command("run", "-i", "--name", "slow", Lab.IMAGE, "sh", "-c", "sleep 6; md5sum"))
                .redirectInput(Path.of("/dev/null").toFile()).start();
        assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("d41d8cd98f00b204e9800998ecf8427e  -\n");
    }

    /// A client that has been told that it is attached to one stream.
    private SocketChannel attached(String container, String stream) throws IOException {
        SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
        client.connect(UnixDomainSocketAddress.of(socket));
        client.write(ByteBuffer.wrap(("POST /containers/" + container + "/attach?stream=1&" + stream + "=1 HTTP/1.1\r\n\r\n").getBytes(StandardCharsets.US_ASCII)));
        assertThat(client.read(ByteBuffer.allocate(12))).isEqualTo(12);
        assertThat(connections()).isPositive();
        return client;
    }

    private void awaitLetGo() {
        await().atMost(Duration.ofSeconds(30)).until(() -> connections() == 0);
    }

    /// Those to the Docker face that the engine has open.
    private long connections() throws IOException {
        try (Stream<String> sockets = Files.lines(Path.of("/proc/net/unix"))) {
            return sockets.filter(line -> line.endsWith(" " + socket) && line.split(" +")[5].equals("03")).count();
        }
    }
}
