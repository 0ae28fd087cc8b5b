package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against a server that answers what the test says.
class DockerSocketTest {
    @TempDir
    Path folder;

    private final LinkedBlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<byte[]> answers = new LinkedBlockingQueue<>();
    private ServerSocketChannel server;
    private DockerSocket docker;

    @BeforeEach
    void start() throws IOException {
        Path socket = folder.resolve("docker.sock");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
        docker = new DockerSocket(socket);
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    try (SocketChannel client = server.accept()) {
                        BufferedReader in = new BufferedReader(new InputStreamReader(Channels.newInputStream(client), StandardCharsets.US_ASCII));
                        requests.add(in.readLine());
                        String line = in.readLine();
                        while (line != null && !line.isEmpty()) {
                            line = in.readLine();
                        }
                        ByteBuffer answer = ByteBuffer.wrap(answers.take());
                        while (answer.hasRemaining()) {
                            client.write(answer);
                        }
                    }
                }
            } catch (IOException | InterruptedException e) {
                // The test is over.
            }
        });
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private void answer(String head, byte[] body) {
        byte[] start = ("HTTP/1.0 " + head + "\r\nContent-Type: x\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
        byte[] whole = java.util.Arrays.copyOf(start, start.length + body.length);
        System.arraycopy(body, 0, whole, start.length, body.length);
        answers.add(whole);
    }

    @Test
    void anArchiveIsThereOnlyWhenWhole() throws Exception {
        byte[] tar = new byte[300_000];
        java.util.Arrays.fill(tar, 0, tar.length - 1024, (byte) 7);
        answer("200 OK", tar);
        Path file = folder.resolve("out.tar");
        docker.save(List.of("a/b:1", "sha256:00"), file, taken -> {});
        assertThat(file).hasBinaryContent(tar);
        assertThat(requests.take()).isEqualTo("GET /images/get?names=a%2Fb%3A1&names=sha256%3A00 HTTP/1.0");

        answer("200 OK", java.util.Arrays.copyOf(tar, 250_000));
        Path cut = folder.resolve("cut.tar");
        assertThatThrownBy(() -> docker.save(List.of("a"), cut, taken -> {})).hasMessageContaining("broke off");
        assertThat(cut).doesNotExist();

        answer("404 Not Found", "{\"message\":\"no such image: a\"}".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> docker.save(List.of("a"), cut, taken -> {})).hasMessage("no such image: a");
        assertThat(Files.list(folder).map(path -> path.getFileName().toString())).containsExactlyInAnyOrder("out.tar", "docker.sock");
    }

    @Test
    void aPullTellsItsProgressAndItsFailure() throws Exception {
        answer("200 OK", "{\"status\":\"Downloading\",\"id\":\"ab\",\"progressDetail\":{\"current\":5}}\r\n".getBytes(StandardCharsets.UTF_8));
        List<String> seen = new ArrayList<>();
        docker.pull("127.0.0.1:5000/a", line -> seen.add(line.path("id").asString("")));
        assertThat(seen).containsExactly("ab");
        assertThat(requests.take()).isEqualTo("POST /images/create?fromImage=127.0.0.1%3A5000%2Fa&tag=latest HTTP/1.0");

        answer("200 OK", "{\"error\":\"the registry is gone\"}\r\n".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> docker.pull("a:1@sha256:00", line -> {})).isInstanceOf(UsageException.class).hasMessage("the registry is gone");
        assertThat(requests.take()).isEqualTo("POST /images/create?fromImage=a%3A1&tag=sha256%3A00 HTTP/1.0");
    }

    @Test
    void pruningSaysWhatItMeans() throws Exception {
        answer("200 OK", "{\"SpaceReclaimed\":3}".getBytes(StandardCharsets.UTF_8));
        assertThat(docker.prune(true).path("SpaceReclaimed").asInt()).isEqualTo(3);
        assertThat(requests.take()).isEqualTo("POST /images/prune?filters=%7B%22dangling%22%3A%5B%22false%22%5D%7D HTTP/1.0");
    }
}
