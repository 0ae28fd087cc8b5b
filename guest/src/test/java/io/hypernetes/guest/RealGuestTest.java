package io.hypernetes.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/// Both ends of the protocol together, in one machine for all tests. Left out where QEMU, a kernel or a built hyperstart is missing.
@Timeout(60)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RealGuestTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final byte[] NONCE = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static QemuGuest machine;
    private static boolean used;

    private final LinkedBlockingQueue<ContainerExit> exits = new LinkedBlockingQueue<>();
    private Guest guest;

    @BeforeAll
    static void boot() throws Exception {
        Optional<String> missing = QemuGuest.missing();
        assumeTrue(missing.isEmpty(), () -> "missing: " + missing.orElseThrow());
        machine = new QemuGuest();
    }

    @AfterAll
    static void end() throws Exception {
        if (machine != null) {
            machine.close();
        }
    }

    @BeforeEach
    void attach() throws Exception {
        guest = newSession();
    }

    private Guest newSession() throws Exception {
        Guest.Freshness freshness = used ? Guest.Freshness.USED_BEFORE : Guest.Freshness.JUST_BOOTED;
        used = true;
        return Guest.attach("test", GuestConnection.of(machine.connect()), freshness, listener(), Duration.ofSeconds(60));
    }

    @AfterEach
    void detach() {
        guest.close();
    }

    @Test
    @Order(1)
    void aFreshMachineTakesItsIdentity() {
        assertThat(guest.instance()).isEmpty();
        byte[] entropy = new byte[64];
        guest.resume(new Resume(NONCE, System.currentTimeMillis() * 1_000_000, entropy, "pod-0", ""), SOON);
        guest.network(new NetworkConfig("", "", 0, List.of(), List.of()), SOON);
        HelloAnswer hello = guest.hello(SOON);
        assertThat(hello.capabilities()).contains("squashfs", "overlay");
        assertThat(hello.phases()).extracting(HelloAnswer.Phase::name).contains("init", "attached");
    }

    @Test
    @Order(2)
    void anotherSessionSeesTheIdentity() {
        assertThat(guest.instance()).isEqualTo(NONCE);
    }

    @Test
    @Order(3)
    void aContainerPrintsAndExits() throws Exception {
        prepare("one", "sh", "-c", "echo out; echo err >&2; exit 7");
        ContainerOutput out = guest.openOutput("one", OutputKind.STDOUT, 0, SOON);
        ContainerOutput err = guest.openOutput("one", OutputKind.STDERR, 0, SOON);
        assertThat(guest.start("one", SOON).pid()).isPositive();
        assertThat(all(out)).isEqualTo("out\n");
        assertThat(all(err)).isEqualTo("err\n");
        ContainerExit exit = exits.poll(20, TimeUnit.SECONDS);
        assertThat(exit.container()).isEqualTo("one");
        assertThat(exit.code()).isEqualTo(7);
        assertThat(guest.list(SOON).container("one").orElseThrow().exitCode()).isEqualTo(7);
        guest.remove("one", SOON);
        assertThat(guest.list(SOON).container("one")).isEmpty();
    }

    @Test
    @Order(4)
    void whatCannotBeRunIsRefusedWithItsReason() {
        prepare("nope", "no-such-command");
        GuestException refused = catchThrowableOfType(GuestException.class, () -> guest.start("nope", SOON));
        assertThat(refused.kind()).isEqualTo(GuestException.Kind.REFUSED);
        assertThat(refused.step()).isEqualTo("exec");
        assertThat(refused.errno()).isEqualTo(Errno.ENOENT);
        guest.remove("nope", SOON);
    }

    /// A gigabyte with `-Dstream.mib=1024`.
    @Test
    @Timeout(900)
    @Order(5)
    void aProcessEchoesMuchDataUnharmed() throws Exception {
        running("box");
        int mebibytes = Integer.getInteger("stream.mib", 4);
        byte[] mebibyte = new byte[1 << 20];
        new Random(5).nextBytes(mebibyte);
        MessageDigest sent = MessageDigest.getInstance("SHA-256");
        try (GuestProcess cat = guest.exec(new ExecSpec("box", List.of("cat"), List.of(), "", "", false, true, 0, 0, false), SOON)) {
            Thread.ofVirtual().start(() -> {
                try (OutputStream stdin = cat.stdin()) {
                    for (int i = 0; i < mebibytes; i++) {
                        mebibyte[i % mebibyte.length]++;
                        sent.update(mebibyte);
                        stdin.write(mebibyte);
                    }
                } catch (java.io.IOException failure) {
                    throw new IllegalStateException(failure);
                }
            });
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            cat.stdout().transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
            // Its end came behind ours, so all was sent.
            assertThat(digest.digest()).isEqualTo(sent.digest());
            assertThat(cat.waitFor(SOON).orElseThrow().code()).isZero();
        }
        try (GuestProcess failing = guest.exec(ExecSpec.of("box", List.of("sh", "-c", "echo no >&2; exit 3")), SOON)) {
            assertThat(failing.stderr().readAllBytes()).asString().isEqualTo("no\n");
            assertThat(failing.waitFor(SOON).orElseThrow().code()).isEqualTo(3);
        }
        guest.remove("box", SOON);
    }

    @Test
    @Order(6)
    void aTerminalHasASizeAndSignals() throws Exception {
        running("tty");
        try (GuestProcess shell = guest.exec(
                new ExecSpec("tty", List.of("sh"), List.of("PS1=> "), "", "", true, true, 24, 80, false), SOON)) {
            shell.stdin().write("stty size\n".getBytes(StandardCharsets.UTF_8));
            await(shell, "24 80");
            shell.resize(50, 132, SOON);
            shell.stdin().write("stty size\n".getBytes(StandardCharsets.UTF_8));
            await(shell, "50 132");
            // Said by a process that has the foreground already: between two commands Ctrl-C would reach the shell alone.
            shell.stdin().write("sh -c 'echo go$((2+3)); exec sleep 100'\n".getBytes(StandardCharsets.UTF_8));
            await(shell, "go5");
            shell.stdin().write(3);
            shell.stdin().write("echo a$((1+1))b\n".getBytes(StandardCharsets.UTF_8));
            await(shell, "a2b");
            shell.stdin().write("exit 4\n".getBytes(StandardCharsets.UTF_8));
            assertThat(shell.waitFor(SOON).orElseThrow().code()).isEqualTo(4);
        }
        guest.signal("tty", 9, SignalTarget.FIRST_PROCESS, SOON);
        assertThat(exits.poll(20, TimeUnit.SECONDS).signal()).isEqualTo(9);
        guest.remove("tty", SOON);
    }

    @Test
    @Order(7)
    void aLostSessionLosesNoLineAndDoublesNone() throws Exception {
        prepare("count", "seq", "1", "60000");
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        ContainerOutput output = guest.openOutput("count", OutputKind.STDOUT, 0, SOON);
        guest.start("count", SOON);
        Random random = new Random(6);
        for (int session = 0; ; session++) {
            boolean ended = false;
            // Reads on for a while, acknowledges some of it, and drops the connection with bytes under way.
            for (int i = random.nextInt(4) + 1; i > 0 && !ended; i--) {
                switch (output.read(SOON).orElseThrow()) {
                    case ContainerOutput.Bytes bytes -> {
                        assertThat(bytes.offset()).isEqualTo(log.size());
                        log.writeBytes(bytes.data());
                        if (random.nextBoolean()) {
                            output.acknowledge(bytes.end());
                        }
                    }
                    case ContainerOutput.End end -> {
                        assertThat(end.length()).isEqualTo(log.size());
                        ended = true;
                    }
                }
            }
            if (ended) {
                assertThat(session).isGreaterThan(1);
                break;
            }
            guest.close();
            guest = newSession();
            output = guest.openOutput("count", OutputKind.STDOUT, log.size(), SOON);
        }
        StringBuilder expected = new StringBuilder();
        for (int i = 1; i <= 60_000; i++) {
            expected.append(i).append('\n');
        }
        assertThat(log.toString(StandardCharsets.US_ASCII).equals(expected.toString())).isTrue();
        assertThat(guest.list(SOON).container("count").orElseThrow().state()).isEqualTo(GuestInventory.State.EXITED);
        guest.remove("count", SOON);
    }

    @Test
    @Order(8)
    void standardInputAndFilesAndConnections() throws Exception {
        guest.plan(
                new PodPlan(
                        null,
                        List.of(new VolumeSpec("config", VolumeSpec.Kind.FILES)),
                        List.of(ContainerSpec.builder("io", List.of(machine.layer), List.of("sh", "-c", "cat /etc/config/a; cat; echo bye; echo kept > /kept"))
                                .stdin(true)
                                .mounts(List.of(new MountSpec.Volume("/etc/config", "config", "", true, false)))
                                .build())),
                SOON);
        FilePush push = new FilePush("config", List.of(new FilePush.File("a", "content\n".getBytes(StandardCharsets.UTF_8))), FilePush.Layout.ATOMIC);
        assertThat(guest.writeFiles(push, SOON)).isTrue();
        assertThat(guest.writeFiles(push, SOON)).isFalse();
        ContainerOutput output = guest.openOutput("io", OutputKind.STDOUT, 0, SOON);
        guest.start("io", SOON);
        ContainerInput input = guest.openInput("io", SOON);
        input.stream().write("typed\n".getBytes(StandardCharsets.UTF_8));
        input.stream().close();
        assertThat(all(output)).isEqualTo("content\ntyped\nbye\n");
        assertThat(exits.poll(20, TimeUnit.SECONDS).container()).isEqualTo("io");
        assertThat(guest.readFile(FileRequest.tail("io", "/kept", 3), SOON).data()).asString().isEqualTo("pt\n");
        assertThat(guest.readFile(new FileRequest("", "config", "a", 4, FileRequest.Part.FIRST_BYTES), SOON).data()).asString().isEqualTo("cont");
        guest.remove("io", SOON);

        prepare("listen", "nc", "-l", "-p", "7000", "-e", "cat");
        guest.start("listen", SOON);
        GuestSocket socket = org.awaitility.Awaitility.await().ignoreExceptions().until(() -> guest.connect("", 7000, SOON), it -> true);
        socket.output().write("over tcp".getBytes(StandardCharsets.UTF_8));
        socket.output().close();
        assertThat(socket.input().readAllBytes()).asString().isEqualTo("over tcp");
        socket.close();
        GuestException refused = catchThrowableOfType(GuestException.class, () -> guest.connect("", 7001, SOON));
        assertThat(refused.errno()).isEqualTo(Errno.ECONNREFUSED);
        GuestStats stats = guest.stats(SOON);
        assertThat(stats.containers()).containsKey("listen");
        assertThat(stats.pod().usage().memoryBytes()).isPositive();
        guest.remove("listen", SOON);
    }

    @Test
    @Order(8)
    void filesAreCopiedWithoutAnyProgramOfTheImage() throws Exception {
        for (boolean runs : new boolean[] {false, true}) {
            String container = runs ? "copy-running" : "copy-prepared";
            if (runs) {
                running(container);
            } else {
                prepare(container, "true");
            }
            byte[] archive;
            try (GuestProcess out = guest.copy(CopySpec.out(container, "/bin"), SOON)) {
                archive = out.stdout().readAllBytes();
                assertThat(new String(out.stderr().readAllBytes(), StandardCharsets.UTF_8)).isEmpty();
                assertThat(out.waitFor(SOON).orElseThrow().code()).isZero();
            }
            try (GuestProcess in = guest.copy(CopySpec.into(container, "/tmp"), SOON)) {
                in.stdin().write(archive);
                in.stdin().close();
                assertThat(new String(in.stderr().readAllBytes(), StandardCharsets.UTF_8)).isEmpty();
                assertThat(in.waitFor(SOON).orElseThrow().code()).isZero();
            }
            FileStatus original = guest.fileStatus(container, "/bin/busybox", SOON);
            FileStatus copied = guest.fileStatus(container, "/tmp/bin/busybox", SOON);
            assertThat(copied.size()).isEqualTo(original.size()).isPositive();
            assertThat(copied.mode()).isEqualTo(original.mode());
            GuestException missing =
                    catchThrowableOfType(GuestException.class, () -> guest.fileStatus(container, "/no/where", SOON));
            assertThat(missing.errno()).isEqualTo(Errno.ENOENT);
            guest.remove(container, SOON);
        }
    }

    @Test
    @Order(9)
    void shutdownEndsTheMachine() throws Exception {
        guest.shutdown(Duration.ofSeconds(1), SOON);
        assertThat(machine.awaitEnd(20)).as(machine.console()).isTrue();
    }

    private void prepare(String id, String... command) {
        assertThat(guest.plan(
                        PodPlan.ofContainer(List.of(), ContainerSpec.builder(id, List.of(machine.layer), List.of(command)).build()), SOON))
                .containsExactly(id);
    }

    private void running(String id) {
        prepare(id, "sleep", "1000");
        guest.start(id, SOON);
    }

    private static String all(ContainerOutput output) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        while (output.read(SOON).orElseThrow() instanceof ContainerOutput.Bytes bytes) {
            all.writeBytes(bytes.data());
            output.acknowledge(bytes.end());
        }
        output.close();
        return all.toString(StandardCharsets.UTF_8);
    }

    private static void await(GuestProcess process, String text) throws java.io.IOException {
        StringBuilder seen = new StringBuilder();
        byte[] buffer = new byte[1000];
        while (seen.indexOf(text) < 0) {
            int read = process.stdout().read(buffer);
            assertThat(read).as("waiting for %s, seen %s", text, seen).isPositive();
            seen.append(new String(buffer, 0, read, StandardCharsets.UTF_8));
        }
    }

    private GuestListener listener() {
        return new GuestListener() {
            @Override
            public void exited(ContainerExit exit) {
                exits.add(exit);
            }

            @Override
            public void outOfMemory(String container, long kills) {}

            @Override
            public void disconnected(GuestException why) {}
        };
    }
}
