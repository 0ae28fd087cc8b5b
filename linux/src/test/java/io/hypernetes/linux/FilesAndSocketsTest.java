package io.hypernetes.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 20, unit = TimeUnit.SECONDS)
class FilesAndSocketsTest {
    @TempDir
    Path folder;

    @Test
    void aLockKeepsOthersOutUntilItIsGivenBack() {
        Path file = folder.resolve("lock");
        try (FileLock held = FileLock.tryLock(file).orElseThrow()) {
            assertThat(held).isNotNull();
            assertThat(FileLock.tryLock(file)).isEmpty();
        }
        FileLock.tryLock(file).orElseThrow().close();
    }

    @Test
    void aFolderIsSynced() {
        Descriptors.syncFolder(folder);
        assertThatThrownBy(() -> Descriptors.syncFolder(folder.resolve("none"))).hasMessageContaining("ENOENT");
    }

    @Test
    void aMemoryFileCannotBeWritten() {
        int file = Descriptors.readOnlyMemoryFile("x", new byte[100]);
        assertThatThrownBy(() -> Descriptors.write(file, new byte[1])).hasMessageContaining("EBADF");
        assertThat(Descriptors.read(file, new byte[200])).isEqualTo(100);
        Descriptors.close(file);
    }

    @Test
    void aSocketWithALongPathListensAndConnects() throws Exception {
        Path deep = Files.createDirectories(folder.resolve("a".repeat(90)).resolve("b".repeat(90)));
        Path path = deep.resolve("s");
        int listening = UnixSocket.listen(path, 1);
        try (UnixSocket client = UnixSocket.connect(path)) {
            client.send(new byte[] {1}, new int[0], Duration.ofSeconds(1));
        }
        Descriptors.close(listening);
    }

    @Test
    void bytesGoBothWaysAndAMissingAnswerIsAnError() throws Exception {
        Path path = folder.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path));
            try (UnixSocket client = UnixSocket.connect(path);
                    SocketChannel accepted = server.accept()) {
                client.send("ping".getBytes(StandardCharsets.UTF_8), new int[0], Duration.ofSeconds(1));
                ByteBuffer got = ByteBuffer.allocate(10);
                accepted.read(got);
                assertThat(new String(got.array(), 0, got.position(), StandardCharsets.UTF_8)).isEqualTo("ping");
                byte[] answer = new byte[10];
                assertThatThrownBy(() -> client.receive(answer, Duration.ofMillis(30)))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("nothing for 30 ms");
                accepted.write(ByteBuffer.wrap("pong!".getBytes(StandardCharsets.UTF_8)));
                assertThat(client.receive(answer, Duration.ofSeconds(1))).isEqualTo(5);
                accepted.close();
                assertThatThrownBy(() -> client.receive(answer, Duration.ofSeconds(1))).isInstanceOf(EOFException.class);
            }
        }
    }

    @Test
    void theBootIdStaysTheSame() {
        assertThat(HostBoot.id()).hasSize(36).isEqualTo(HostBoot.id());
    }
}
