package io.hypernetes.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The client that matters, by WebSocket and by SPDY. Left out where there is no kubectl.
@Timeout(60)
class KubectlTest {
    @TempDir
    Path folder;

    private StreamServer server;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/kubectl")) || Files.isExecutable(Path.of("/usr/local/bin/kubectl")));
        server = new StreamServer();
    }

    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            server.close();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void inputOutputAndExitCode(boolean webSocket) throws Exception {
        Process kubectl = kubectl(webSocket, "exec", "-i", "web", "--", "cat");
        try (OutputStream stdin = kubectl.getOutputStream()) {
            stdin.write("hello".getBytes(StandardCharsets.UTF_8));
        }
        StreamServer.Exec exec = exec(kubectl);
        assertThat(exec.protocol()).isEqualTo(webSocket ? RemoteCommandProtocol.WEBSOCKET_V5 : RemoteCommandProtocol.SPDY_V4);
        assertThat(exec.command()).containsExactly("cat");
        RemoteCommandSession session = exec.session();
        byte[] input = session.stdin().readAllBytes();
        session.stdout().write(input);
        session.stderr().write("trouble".getBytes(StandardCharsets.UTF_8));
        session.exit(CommandStatus.exitCode(7));
        assertThat(kubectl.getInputStream().readAllBytes()).asString().isEqualTo("hello");
        assertThat(kubectl.getErrorStream().readAllBytes()).asString().contains("trouble").contains("command terminated with exit code 7");
        assertThat(kubectl.waitFor()).isEqualTo(7);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void muchDataKeepsItsDigest(boolean webSocket) throws Exception {
        Path data = folder.resolve("data");
        byte[] bytes = new byte[20 << 20];
        new Random(3).nextBytes(bytes);
        Files.write(data, bytes);
        Process kubectl = start(builder(webSocket, "exec", "-i", "web", "--", "cat").redirectInput(data.toFile()));
        RemoteCommandSession session = exec(kubectl).session();
        Thread.ofVirtual().start(() -> {
            try {
                session.stdin().transferTo(session.stdout());
                session.exit(CommandStatus.success());
            } catch (IOException failed) {
                session.exit(CommandStatus.internalError(String.valueOf(failed.getMessage())));
            }
        });
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        kubectl.getInputStream().transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
        assertThat(kubectl.getErrorStream().readAllBytes()).asString().isEmpty();
        assertThat(kubectl.waitFor()).isZero();
        assertThat(digest.digest()).isEqualTo(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anEndWhileInputStillComesLosesNeitherOutputNorStatus(boolean webSocket) throws Exception {
        Process kubectl = start(builder(webSocket, "exec", "-i", "web", "--", "head").redirectInput(Path.of("/dev/zero").toFile()));
        RemoteCommandSession session = exec(kubectl).session();
        session.stdin().readNBytes(1000);
        session.stdout().write(new byte[3 << 20]);
        session.exit(CommandStatus.exitCode(5));
        assertThat(kubectl.getInputStream().readAllBytes()).hasSize(3 << 20);
        assertThat(kubectl.waitFor()).isEqualTo(5);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aKilledClientIsNoticed(boolean webSocket) throws Exception {
        Process kubectl = kubectl(webSocket, "exec", "-i", "web", "--", "sleep");
        RemoteCommandSession session = exec(kubectl).session();
        session.awaitReady();
        kubectl.destroyForcibly();
        session.awaitDisconnect();
        assertThat(session.isConnected()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void portsAreForwardedManyAtATime(boolean webSocket) throws Exception {
        Process kubectl = kubectl(webSocket, "port-forward", "pod/web", ":8080");
        InputStream printed = kubectl.getInputStream();
        StringBuilder line = new StringBuilder();
        for (int c = printed.read(); c != '\n' && c >= 0; c = printed.read()) {
            line.append((char) c);
        }
        assertThat(line).as("%s", line).contains("-> 8080");
        int port = Integer.parseInt(line.substring(line.indexOf(":") + 1, line.indexOf(" ->")));
        PortForwardSession session = server.forwards.poll(60, TimeUnit.SECONDS);
        Thread.ofVirtual().start(() -> echo(session));
        byte[] bytes = new byte[2 << 20];
        new Random(4).nextBytes(bytes);
        List<Thread> clients = new ArrayList<>();
        List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 5; i++) {
            clients.add(Thread.ofVirtual().start(() -> {
                try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    Thread.ofVirtual().start(() -> {
                        try {
                            socket.getOutputStream().write(bytes);
                            socket.shutdownOutput();
                        } catch (IOException failure) {
                            failures.add(failure);
                        }
                    });
                    assertThat(socket.getInputStream().readAllBytes()).isEqualTo(bytes);
                } catch (Throwable failure) {
                    failures.add(failure);
                }
            }));
        }
        for (Thread client : clients) {
            client.join();
        }
        assertThat(failures).isEmpty();
        kubectl.destroy();
        kubectl.waitFor();
    }

    private static void echo(PortForwardSession session) {
        try {
            while (true) {
                ForwardedConnection connection = session.accept().orElse(null);
                if (connection == null) {
                    return;
                }
                Thread.ofVirtual().start(() -> {
                    try (connection) {
                        assertThat(connection.port()).isEqualTo(8080);
                        connection.input().transferTo(connection.output());
                    } catch (IOException gone) {
                        // The client tells.
                    }
                });
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private StreamServer.Exec exec(Process kubectl) throws Exception {
        StreamServer.Exec exec = server.execs.poll(60, TimeUnit.SECONDS);
        if (exec == null) {
            kubectl.destroy();
            throw new AssertionError("kubectl did not come: " + new String(kubectl.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
        }
        return exec;
    }

    private Process kubectl(boolean webSocket, String... arguments) throws IOException {
        return start(builder(webSocket, arguments));
    }

    private static Process start(ProcessBuilder builder) throws IOException {
        return builder.start();
    }

    private ProcessBuilder builder(boolean webSocket, String... arguments) {
        List<String> command = new ArrayList<>(List.of("kubectl", "--server=http://127.0.0.1:" + server.port(), "--cache-dir=" + folder.resolve("cache")));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", String.valueOf(webSocket));
        builder.environment().put("KUBECTL_PORT_FORWARD_WEBSOCKETS", String.valueOf(webSocket));
        builder.environment().put("KUBECONFIG", folder.resolve("none").toString());
        builder.environment().put("HOME", folder.toString());
        return builder;
    }
}
