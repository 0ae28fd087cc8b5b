package io.hypernetes.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The frames that the guest's tests check too.
class GoldenFramesTest {

    static Stream<VectorFile.Vector> frames() throws IOException {
        return Stream.of("requests", "answers", "streams").flatMap(GoldenFramesTest::read).filter(vector -> vector.preamble().isEmpty());
    }

    static Stream<VectorFile.Vector> bad() throws IOException {
        return read("bad");
    }

    private static Stream<VectorFile.Vector> read(String file) {
        try {
            return VectorFile.read(file).stream();
        } catch (IOException failure) {
            throw new java.io.UncheckedIOException(failure);
        }
    }

    @ParameterizedTest
    @MethodSource("frames")
    void describedFieldsGiveTheSameBytes(VectorFile.Vector vector) {
        Frame frame = new Frame(vector.stream(), type(vector), (vector.flags() & 1) != 0, vector.request(), vector.message());
        assertThat(frame.encode()).isEqualTo(vector.hex());
    }

    @ParameterizedTest
    @MethodSource("frames")
    void bytesAreReadAsDescribed(VectorFile.Vector vector) throws IOException {
        Frame frame = reader(vector.hex()).next();
        assertThat(frame.stream()).isEqualTo(vector.stream());
        assertThat(frame.type()).isEqualTo(type(vector));
        assertThat(frame.more()).isEqualTo((vector.flags() & 1) != 0);
        assertThat(frame.request()).isEqualTo(vector.request());
        assertThat(frame.payload()).isEqualTo(vector.message());
        if (frame.stream() == 0 && !vector.name().equals("unknown-tag-critical")) {
            Message.parse(frame.payload());
        }
    }

    @ParameterizedTest
    @MethodSource("bad")
    void badBytesAreRefused(VectorFile.Vector vector) {
        assertThatThrownBy(() -> Message.parse(reader(vector.hex()).next().payload()))
                .isInstanceOfSatisfying(
                        GuestException.class,
                        refused -> assertThat(refused.kind()).isEqualTo(GuestException.Kind.PROTOCOL));
    }

    @Test
    void aFieldThatMustBeUnderstoodIsRefused() throws IOException {
        byte[] payload = VectorFile.named("requests", "unknown-tag-critical").message();
        assertThatThrownBy(() -> Message.parse(payload)).hasMessageContaining("32769");
    }

    @Test
    void theOpeningsAreAsDescribed() throws IOException {
        VectorFile.Vector host = VectorFile.named("requests", "preamble-host");
        assertThat(Handshake.opening(Guest.Freshness.JUST_BOOTED, 1, host.nonce())).isEqualTo(host.hex());
        VectorFile.Vector guest = VectorFile.named("answers", "preamble-guest");
        FrameReader reader = reader(guest.hex());
        reader.skipPast(Handshake.mark(guest.nonce()));
        Answers.Attached attached = Answers.attached(Message.parse(reader.next().payload()));
        assertThat(attached.version()).isEqualTo(1);
        assertThat(attached.instance()).hasSize(16);
    }

    @Test
    void requestsAreEncodedAsDescribed() throws IOException {
        Resources some = new Resources(20_000, 100_000, 0, 134_217_728, 0, "");
        assertVector("forget", new byte[0]);
        assertVector("grow", Requests.grow("pv-0", 3L << 30));
        Map.of(
                        "hello", new byte[0],
                        "start", Requests.container("web"),
                        "remove", Requests.container("web"),
                        "resize-tty", Requests.resizeTty("web", 41, 50, 132),
                        "open", Requests.open("web", 1, 7, 123_456_789_012L, 123_457_051_156L),
                        "update", Requests.update("web", some),
                        "connect", Requests.connect(9, "10.88.0.5", 8080, 1000),
                        "shutdown", Requests.shutdown(30_000),
                        "read-file", Requests.readFile(FileRequest.tail("web", "/dev/termination-log", 4096)),
                        "exec-tty",
                                Requests.exec(
                                        new ExecSpec("web", List.of("sh"), List.of("TERM=xterm"), "/", "root", true, true, 24, 80, false),
                                        41, 100, 0))
                .forEach((name, payload) -> assertVector(name, payload));
        assertVector(
                "exec",
                Requests.exec(new ExecSpec("web", List.of("cat"), List.of(), "", "", false, true, 0, 0, false), 42, 101, 102));
        assertVector(
                "network",
                Requests.network(new NetworkConfig(
                        "0a:58:0a:58:00:05", "eth0", 1450, List.of("10.88.0.5/24", "fd00:88::5/64"),
                        List.of(new NetworkConfig.Route("0.0.0.0/0", "10.88.0.1"), new NetworkConfig.Route("169.254.0.0/16", "")))));
    }

    @Test
    void imagesAndTreesAreEncodedAsDescribed() throws IOException {
        ContainerSpec tool = ContainerSpec.builder("tool", List.of(new ContainerSpec.Layer(0, 512, "squashfs")), List.of("true"))
                .mounts(List.of(new MountSpec.Image(
                        "/mnt/image",
                        List.of(new ContainerSpec.Layer(512, 1024, "squashfs"), new ContainerSpec.Layer(1536, 512, "erofs")),
                        "usr")))
                .build();
        assertVector("plan-image", Requests.plan(PodPlan.ofContainer(List.of(), tool)));
        assertVector(
                "write-tree",
                Requests.writeFiles(new FilePush(
                        "copy",
                        List.of(
                                new FilePush.File("d", FilePush.File.FOLDER | 0755, new byte[0], 0, 0),
                                new FilePush.File(
                                        "d/link",
                                        FilePush.File.LINK | 0777,
                                        "../file".getBytes(java.nio.charset.StandardCharsets.UTF_8),
                                        0,
                                        0)),
                        FilePush.Layout.PLAIN)));
    }

    @Test
    void copiesAreEncodedAsDescribed() {
        assertVector("copy-out", Requests.copy(new CopySpec("web", CopySpec.Direction.OUT, "/etc", "conf", false, null), 43, 103, 104));
        assertVector(
                "copy-in",
                Requests.copy(new CopySpec("web", CopySpec.Direction.IN, "/srv", "", true, new CopySpec.Owner(1000, 1001)), 44, 105, 106));
        assertVector("update-pod", Requests.update("", new Resources(200_000, 100_000, 0, 268_435_456, 0, "")));
    }

    @Test
    void usageIsReadAsDescribed() throws IOException {
        GuestStats.Usage web = java.util.Objects.requireNonNull(Answers.stats(message("stats-answer")).containers().get("web"));
        assertThat(web.disk()).isEqualTo(new GuestStats.Disk(1 << 20, 4096, 20, 1));
        assertThat(web.throttling()).isEqualTo(new GuestStats.Throttling(9, 4, 77_000));
    }

    /// The vectors spell out fields whose values are what a missing field means; those are left out by the encoder.
    @Test
    void aWholePlanHoldsWhatTheVectorHolds() throws IOException {
        ContainerSpec web = ContainerSpec.builder(
                        "web",
                        List.of(new ContainerSpec.Layer(0, 1_134_592, "squashfs"), new ContainerSpec.Layer(1_134_592, 4096, "erofs")),
                        List.of("/bin/sh", "-c", "echo \"grüß\" \\ ok\n"))
                .environment(List.of("PATH=/bin:/usr/bin", "EMPTY="))
                .directory("/srv")
                .user("1000:2000")
                .groups(List.of(3000L, 3001L))
                .capabilities(0xa80425fbL)
                .noNewPrivileges(true)
                .rlimits(List.of(new ContainerSpec.Rlimit(7, 1024, -1)))
                .readOnlyRoot(true)
                .maskedPaths(List.of("/proc/kcore"))
                .readOnlyPaths(List.of("/proc/sys"))
                .mounts(List.of(
                        new MountSpec.Tmpfs("/tmp", 1_048_576, 01777, false, false),
                        new MountSpec.Volume("/etc/config", "config", "a/b", true, false),
                        new MountSpec.Volume("/var/lib/db", "vol-0", "data", false, false, true)))
                .stdin(true)
                .stdinOnce(true)
                .resources(new Resources(50_000, 100_000, 512, 67_108_864, 100, "0-1"))
                .oomScoreAdjust(-997)
                .seccomp(java.util.HexFormat.of().parseHex("060000000000ff7f"))
                .startAtOnce(true)
                .pidNamespaceOf("")
                .strictGroups(true)
                .devices(List.of(new ContainerSpec.Device("/dev/net/tap", "/dev/net/tun")))
                .build();
        PodPlan plan = new PodPlan(
                new PodSettings(
                        "web-0", "", List.of("10.88.0.1"), List.of("default.svc.cluster.local", "cluster.local"), List.of("ndots:5"),
                        "127.0.0.1 localhost\n", Map.of("net.core.somaxconn", "1024"), 67_108_864),
                List.of(
                        new VolumeSpec("data", VolumeSpec.Kind.SCRATCH),
                        new VolumeSpec("cache", VolumeSpec.Kind.MEMORY, 1_048_576, 0700, 10, 20),
                        new VolumeSpec("config", VolumeSpec.Kind.FILES),
                        new VolumeSpec("vol-0", VolumeSpec.Kind.DISK)),
                List.of(web));
        byte[] expected = VectorFile.named("requests", "plan-pod").message();
        byte[] actual = Requests.plan(plan);
        assertThat(meaning(actual)).isEqualTo(meaning(expected));
    }

    @Test
    void answersAreReadAsDescribed() throws IOException {
        HelloAnswer hello = Answers.hello(message("hello-answer"));
        assertThat(hello.kernel()).isEqualTo("6.1.0-56-cloud-amd64");
        assertThat(hello.phases()).containsExactly(new HelloAnswer.Phase("init", 400_000_000), new HelloAnswer.Phase("port", 431_000_000));
        assertThat(hello.capabilities()).containsExactlyInAnyOrder("cgroup2", "blkpg");
        assertThat(Answers.planned(message("plan-answer"))).containsExactly("web");
        assertThat(Answers.started(message("start-answer")))
                .isEqualTo(new StartedContainer(57, 1_795_470_000_123_456_789L, 1000, 2000, List.of(3000L, 3001L)));
        GuestInventory inventory = Answers.inventory(message("list-answer"));
        GuestInventory.Container web = inventory.container("web").orElseThrow();
        assertThat(web.state()).isEqualTo(GuestInventory.State.RUNNING);
        assertThat(web.stdin()).contains(new GuestInventory.Input(3, false));
        assertThat(web.output(OutputKind.STDOUT)).contains(new GuestInventory.Output(OutputKind.STDOUT, 100, 5_000_000_000L, false));
        GuestInventory.Container init = inventory.container("init").orElseThrow();
        assertThat(init.exitCode()).isEqualTo(137);
        assertThat(init.oomKilled()).isTrue();
        assertThat(inventory.volumes()).containsExactly(new GuestInventory.Volume("config", VolumeSpec.Kind.FILES));
    }

    private static void assertVector(String name, byte[] payload) {
        try {
            assertThat(meaning(payload)).as(name).isEqualTo(meaning(VectorFile.named("requests", name).message()));
            if (!name.equals("signal")) {
                assertThat(payload).as(name).isEqualTo(VectorFile.named("requests", name).message());
            }
        } catch (IOException failure) {
            throw new java.io.UncheckedIOException(failure);
        }
    }

    /// A message as text, without fields that say what their absence says.
    private static String meaning(byte[] payload) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < payload.length; ) {
            int tag = Bytes.u16(payload, at);
            int length = Bytes.u32(payload, at + 2);
            byte[] value = java.util.Arrays.copyOfRange(payload, at + 6, at + 6 + length);
            at += 6 + length;
            boolean absent = true;
            for (byte b : value) {
                absent &= b == 0;
            }
            if (!absent) {
                boolean nested = length > 6 && length == 6 + nestedLength(value);
                text.append(tag).append('=').append(nested ? "{" + meaning(value) + "}" : java.util.HexFormat.of().formatHex(value)).append(' ');
            }
        }
        return text.toString();
    }

    private static int nestedLength(byte[] value) {
        int at = 0;
        while (value.length - at >= 6 && Bytes.u16(value, at) < 64 && Bytes.u32(value, at + 2) >= 0 && Bytes.u32(value, at + 2) <= value.length - at - 6) {
            at += 6 + Bytes.u32(value, at + 2);
        }
        return at == value.length ? value.length - 6 : -1;
    }

    private static Message message(String name) throws IOException {
        return Message.parse(VectorFile.named("answers", name).message());
    }

    private static FrameReader reader(byte[] bytes) {
        return new FrameReader(GuestConnection.of(new ByteArrayInputStream(bytes), OutputStream.nullOutputStream()));
    }

    private static int type(VectorFile.Vector vector) {
        String name = vector.type();
        if (name.startsWith("0x") || Character.isDigit(name.charAt(0))) {
            return Integer.decode(name);
        }
        boolean answer = name.endsWith(".answer");
        try {
            int type = FrameType.class.getDeclaredField(answer ? name.substring(0, name.length() - 7) : name).getInt(null);
            return answer ? FrameType.ANSWER + type : type;
        } catch (ReflectiveOperationException unknown) {
            throw new IllegalArgumentException(name, unknown);
        }
    }
}
