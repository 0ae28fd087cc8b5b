package io.hypernetes.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class GuestSessionTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Executor THREADS = task -> Thread.ofVirtual().start(task);

    private FakeGuest fake;

    @BeforeEach
    void start() throws IOException {
        fake = new FakeGuest();
    }

    @AfterEach
    void stop() throws IOException {
        fake.close();
    }

    @Test
    void garbageBeforeTheMarkIsSkipped() throws Exception {
        byte[] noise = new byte[70_000];
        new Random(1).nextBytes(noise);
        byte[] foreignMark = Handshake.mark(new byte[16]);
        byte[] halfMark = Arrays.copyOf(foreignMark, 17);
        byte[] oldFrame = StreamFrames.data(3, 0, new byte[100], 0, 100);
        try (Guest guest = fake.attach(noise, foreignMark, oldFrame, halfMark)) {
            assertThat(guest.isOpen()).isTrue();
            assertThat(guest.instance()).asString().isEqualTo("0123456789abcdef");
        }
    }

    @Test
    void attachingToASilentMachineEndsAtTheDeadline() throws Exception {
        SocketChannel host = fake.connect();
        GuestException failure = catchThrowableOfType(
                GuestException.class,
                () -> Guest.attach("m1", GuestConnection.of(host), Guest.Freshness.JUST_BOOTED, fake.listener(), Duration.ofMillis(200)));
        assertThat(failure.kind()).isEqualTo(GuestException.Kind.DEADLINE);
        assertThat(host.isOpen()).isFalse();
        assertThat(fake.heard.poll(100, TimeUnit.MILLISECONDS)).isNull();
    }

    @Test
    void answersMayComeOutOfOrder() throws Exception {
        try (Guest guest = fake.attach()) {
            var hello = async(() -> guest.hello(SOON));
            Frame first = fake.expect(FrameType.HELLO);
            var start = async(() -> guest.start("web", SOON));
            Frame second = fake.expect(FrameType.START);
            fake.answer(second, it -> it.u32(1, 57).u64(2, 9));
            assertThat(start.get().pid()).isEqualTo(57);
            fake.answer(first, it -> it.str(1, "1"));
            assertThat(hello.get().version()).isEqualTo("1");
        }
    }

    @Test
    void aPodIsBegunInOneAndTheFirstRefusalIsTold() throws Exception {
        try (Guest guest = fake.attach()) {
            byte[] nonce = "fedcba9876543210".getBytes(StandardCharsets.US_ASCII);
            Resume resume = new Resume(nonce, 1, new byte[32], "web", "");
            NetworkConfig network = new NetworkConfig("0a:58:00:00:00:02", "eth0", 1500, List.of("10.0.0.2/24"), List.of());
            var begun = async(() -> FakeGuest.attempt(() -> {
                guest.begin(resume, network, new PodPlan(null, List.of(), List.of()), SOON);
                return null;
            }));
            // None of them waits for an answer.
            List<Frame> asked = List.of(fake.expect(FrameType.RESUME), fake.expect(FrameType.NETWORK), fake.expect(FrameType.PLAN));
            fake.answer(asked.getFirst(), it -> {});
            fake.refuse(asked.get(1), Errno.EINVAL, "network", "no such address");
            fake.answer(asked.getLast(), it -> {});
            assertThat((GuestException) begun.get()).hasMessageContaining("no such address").hasMessageContaining("beginning a pod");
            var again = async(() -> FakeGuest.attempt(() -> {
                guest.begin(resume, network, new PodPlan(null, List.of(), List.of()), SOON);
                return null;
            }));
            for (int type : new int[] {FrameType.RESUME, FrameType.NETWORK, FrameType.PLAN}) {
                fake.answer(fake.expect(type), it -> {});
            }
            assertThat(again.get()).isNull();
            assertThat(guest.instance()).isEqualTo(nonce);
        }
    }

    @Test
    void aRefusalTellsErrnoStepAndSentence() throws Exception {
        try (Guest guest = fake.attach()) {
            var start = async(() -> FakeGuest.attempt(() -> guest.start("web", SOON)));
            fake.refuse(fake.expect(FrameType.START), Errno.ENOENT, "exec", "/bin/nope does not exist");
            GuestException refused = (GuestException) start.get();
            assertThat(refused.kind()).isEqualTo(GuestException.Kind.REFUSED);
            assertThat(refused.errno()).isEqualTo(Errno.ENOENT);
            assertThat(refused.step()).isEqualTo("exec");
            assertThat(refused).hasMessageContaining("starting container web in machine m1").hasMessageContaining("/bin/nope");
            assertThat(guest.isOpen()).isTrue();
        }
    }

    @Test
    void aLateAnswerHarmsNothing() throws Exception {
        try (Guest guest = fake.attach()) {
            GuestException late = catchThrowableOfType(GuestException.class, () -> guest.hello(Duration.ofMillis(50)));
            assertThat(late.kind()).isEqualTo(GuestException.Kind.DEADLINE);
            fake.answer(fake.expect(FrameType.HELLO), it -> it.str(1, "1"));
            var stats = async(() -> guest.stats(SOON));
            fake.answer(fake.expect(FrameType.STATS), it -> it.u64(1, 5));
            assertThat(stats.get().takenNanos()).isEqualTo(5);
        }
    }

    @Test
    void aSecondAnswerEndsTheSession() throws Exception {
        Guest guest = fake.attach();
        var hello = async(() -> guest.hello(SOON));
        Frame request = fake.expect(FrameType.HELLO);
        fake.answer(request, it -> it.str(1, "1"));
        hello.get();
        fake.answer(request, it -> it.str(1, "1"));
        assertEndsForViolation(guest);
        assertThatThrownBy(() -> guest.hello(SOON)).isInstanceOf(GuestException.class);
    }

    @Test
    void theAnswerOfAnotherTypeEndsTheSession() throws Exception {
        Guest guest = fake.attach();
        var hello = async(() -> FakeGuest.attempt(() -> guest.hello(SOON)));
        Frame request = fake.expect(FrameType.HELLO);
        fake.answer(new Frame(0, FrameType.START, false, request.request(), new byte[0]), it -> it.u32(1, 1));
        assertEndsForViolation(guest);
        assertThat(((GuestException) hello.get()).kind()).isEqualTo(GuestException.Kind.PROTOCOL);
    }

    @Test
    void anEndlessAnswerEndsTheSession() throws Exception {
        Guest guest = fake.attach();
        async(() -> FakeGuest.attempt(() -> guest.list(SOON)));
        Frame request = fake.expect(FrameType.LIST);
        byte[] part = new Frame(0, FrameType.ANSWER + FrameType.LIST, true, request.request(), new byte[Frame.MAX_PAYLOAD]).encode();
        assertThatThrownBy(() -> {
                    while (true) {
                        fake.send(part);
                    }
                })
                .isInstanceOf(IOException.class);
        assertEndsForViolation(guest);
    }

    @Test
    void aLongAnswerIsJoinedFromItsParts() throws Exception {
        try (Guest guest = fake.attach()) {
            var file = async(() -> guest.readFile(FileRequest.tail("web", "/x", 0), SOON));
            Frame request = fake.expect(FrameType.READ_FILE);
            byte[] data = new byte[200_000];
            new Random(2).nextBytes(data);
            byte[] message = FakeGuest.payload(it -> it.bytes(1, data).u64(2, 200_000).u32(3, 0100644));
            for (int at = 0; at < message.length; at += 60_000) {
                int end = Math.min(message.length, at + 60_000);
                fake.send(new Frame(0, FrameType.ANSWER + FrameType.READ_FILE, end < message.length, request.request(), Arrays.copyOfRange(message, at, end)).encode());
                fake.send(StreamFrames.close(77));
            }
            assertThat(file.get().data()).isEqualTo(data);
        }
    }

    @Test
    void aLongRequestIsCutIntoParts() throws Exception {
        try (Guest guest = fake.attach()) {
            byte[] data = new byte[200_000];
            var written = async(() -> guest.writeFiles(
                    new FilePush("config", List.of(new FilePush.File("big", data)), FilePush.Layout.ATOMIC), SOON));
            int size = 0;
            Frame part;
            do {
                part = fake.expect(FrameType.WRITE_FILES);
                size += part.payload().length;
            } while (part.more());
            assertThat(size).isGreaterThan(200_000);
            fake.answer(part, it -> it.bool(1, true));
            assertThat(written.get()).isTrue();
        }
    }

    @Test
    void containerOutputIsReadFromAnOffsetAndAcknowledgedOnlyWhenTold() throws Exception {
        try (Guest guest = fake.attach()) {
            var opening = async(() -> guest.openOutput("web", OutputKind.STDOUT, 100, SOON));
            Frame open = fake.expect(FrameType.OPEN);
            Message asked = Message.parse(open.payload());
            int stream = (int) asked.u32(3);
            assertThat(asked.u64(4)).isEqualTo(100);
            assertThat(asked.u64(5)).isEqualTo(100 + GuestStream.OUTPUT_WINDOW);
            fake.answer(open, it -> it.u64(1, 40).u64(2, 105));
            ContainerOutput output = opening.get();
            assertThat(output.acknowledgedAtOpen()).isEqualTo(40);
            fake.data(stream, 100, "hello");
            ContainerOutput.Bytes bytes = (ContainerOutput.Bytes) output.read(SOON).orElseThrow();
            assertThat(bytes.offset()).isEqualTo(100);
            assertThat(bytes.data()).asString().isEqualTo("hello");
            assertThat(output.read(Duration.ZERO)).isEmpty();
            assertThatThrownBy(() -> output.acknowledge(106)).isInstanceOf(IllegalArgumentException.class);
            output.acknowledge(bytes.end());
            Frame window = fake.expect(FrameType.WINDOW);
            assertThat(Bytes.u64(window.payload(), 0)).isEqualTo(105);
            assertThat(Bytes.u64(window.payload(), 8)).isEqualTo(105 + GuestStream.OUTPUT_WINDOW);
            fake.send(StreamFrames.end(stream, 105));
            assertThat(output.read(SOON)).contains(new ContainerOutput.End(105, 0));
            output.close();
            assertThat(fake.expect(FrameType.CLOSE).stream()).isEqualTo(stream);
        }
    }

    @Test
    void moreThanWasGrantedEndsTheSession() throws Exception {
        Guest guest = fake.attach();
        int stream = openStdout(guest);
        byte[] piece = new byte[32 << 10];
        for (int at = 0; at < GuestStream.OUTPUT_WINDOW; at += piece.length) {
            fake.send(StreamFrames.data(stream, at, piece, 0, piece.length));
        }
        // One byte and nothing behind it: the session may end while a fake guest still writes, and that write would fail.
        fake.send(StreamFrames.data(stream, GuestStream.OUTPUT_WINDOW, piece, 0, 1));
        assertEndsForViolation(guest);
    }

    @Test
    void aHoleInAStreamEndsTheSession() throws Exception {
        Guest guest = fake.attach();
        fake.data(openStdout(guest), 5, "hello");
        assertEndsForViolation(guest);
    }

    @Test
    void bytesOfUnknownStreamsAreIgnored() throws Exception {
        try (Guest guest = fake.attach()) {
            fake.data(4711, 5, "hello");
            var hello = async(() -> guest.hello(SOON));
            fake.answer(fake.expect(FrameType.HELLO), it -> it.str(1, "1"));
            hello.get();
        }
    }

    @Test
    void aProcessHasStreamsHalfCloseAndAnExit() throws Exception {
        try (Guest guest = fake.attach()) {
            var starting = async(() ->
                    guest.exec(new ExecSpec("web", List.of("cat"), List.of(), "", "", false, true, 0, 0, false), SOON));
            Frame exec = fake.expect(FrameType.EXEC);
            Message asked = Message.parse(exec.payload());
            int id = (int) asked.u32(2);
            int stdio = (int) asked.u32(9);
            int stderr = (int) asked.u32(10);
            fake.send(StreamFrames.window(stdio, 0, 4));
            fake.answer(exec, it -> it.u32(1, 58));
            GuestProcess process = starting.get();
            assertThat(process.pid()).isEqualTo(58);
            var writing = async(() -> {
                process.stdin().write("hello".getBytes(StandardCharsets.UTF_8));
                process.stdin().close();
                return "written";
            });
            assertThat(text(fake.expect(FrameType.DATA))).isEqualTo("hell");
            assertThat(writing.isDone()).isFalse();
            fake.send(StreamFrames.window(stdio, 4, 100));
            assertThat(text(fake.expect(FrameType.DATA))).isEqualTo("o");
            Frame end = fake.expect(FrameType.END);
            assertThat(Bytes.u64(end.payload(), 0)).isEqualTo(5);
            writing.get();
            fake.data(stdio, 0, "hello");
            fake.data(stderr, 0, "oops");
            fake.send(StreamFrames.end(stdio, 5));
            fake.send(StreamFrames.end(stderr, 4));
            exited(id, 3);
            assertThat(process.stdout().readAllBytes()).asString().isEqualTo("hello");
            assertThat(process.stderr().readAllBytes()).asString().isEqualTo("oops");
            assertThat(process.waitFor(SOON)).contains(new ProcessExit(3, 0, false, 7));
            process.close();
        }
    }

    @Test
    void outputHeldOpenByAProcessLeftBehindEndsAfterSilence() throws Exception {
        try (Guest guest = fake.attach()) {
            var starting = async(() -> guest.exec(ExecSpec.of("web", List.of("sh")), SOON));
            Frame exec = fake.expect(FrameType.EXEC);
            int stdio = (int) Message.parse(exec.payload()).u32(9);
            fake.answer(exec, it -> it.u32(1, 58));
            GuestProcess process = starting.get();
            fake.data(stdio, 0, "left");
            exited((int) Message.parse(exec.payload()).u32(2), 0);
            assertThat(process.stdout().readAllBytes()).asString().isEqualTo("left");
            process.close();
            assertThat(fake.expect(FrameType.CLOSE).stream()).isEqualTo(stdio);
        }
    }

    @Test
    void aStreamThatNobodyReadsDelaysNoOther() throws Exception {
        try (Guest guest = fake.attach()) {
            int stream = openStdout(guest);
            byte[] piece = new byte[32 << 10];
            for (int i = 0; i < GuestStream.OUTPUT_WINDOW / piece.length; i++) {
                fake.send(StreamFrames.data(stream, (long) i * piece.length, piece, 0, piece.length));
            }
            var hello = async(() -> guest.hello(SOON));
            fake.answer(fake.expect(FrameType.HELLO), it -> it.str(1, "1"));
            assertThat(hello.get().version()).isEqualTo("1");
        }
    }

    @Test
    void aConnectionIsADuplexStream() throws Exception {
        try (Guest guest = fake.attach()) {
            var connecting = async(() -> guest.connect("", 80, SOON));
            Frame connect = fake.expect(FrameType.CONNECT);
            int stream = (int) Message.parse(connect.payload()).u32(1);
            fake.answer(connect, it -> {});
            GuestSocket socket = connecting.get();
            fake.expect(FrameType.WINDOW);
            fake.send(StreamFrames.window(stream, 0, 1000));
            socket.output().write("GET /".getBytes(StandardCharsets.UTF_8));
            assertThat(text(fake.expect(FrameType.DATA))).isEqualTo("GET /");
            fake.data(stream, 0, "200");
            fake.send(StreamFrames.end(stream, 3));
            assertThat(socket.input().readAllBytes()).asString().isEqualTo("200");
            socket.close();
        }
    }

    @Test
    void standardInputGoesOnWhereTheGuestStands() throws Exception {
        try (Guest guest = fake.attach()) {
            var opening = async(() -> guest.openInput("web", SOON));
            Frame open = fake.expect(FrameType.OPEN);
            int stream = (int) Message.parse(open.payload()).u32(3);
            fake.send(StreamFrames.window(stream, 10, 100));
            fake.answer(open, it -> it.u64(1, 10).u64(2, 10));
            ContainerInput input = opening.get();
            input.stream().write('x');
            assertThat(Bytes.u64(fake.expect(FrameType.DATA).payload(), 0)).isEqualTo(10);
            input.close();
            assertThat(fake.expect(FrameType.CLOSE).stream()).isEqualTo(stream);
        }
    }

    @Test
    void eventsAreHeardInOrderAndTheEndLast() throws Exception {
        fake.attach();
        fake.event(FrameType.OOM, it -> it.str(1, "web").u64(2, 1));
        fake.event(FrameType.EXITED, it -> it.str(1, "web").u32(3, 137).u32(4, 9).bool(5, true));
        fake.event(FrameType.EXITED, it -> it.str(1, "db").u32(3, 127).str(7, "no such file"));
        fake.disconnect();
        assertThat(fake.heard.poll(60, TimeUnit.SECONDS)).isEqualTo("oom web 1");
        assertThat(fake.heard.poll(60, TimeUnit.SECONDS)).isEqualTo("exited web 137");
        assertThat(fake.heard.poll(60, TimeUnit.SECONDS)).isEqualTo("exited db 127: no such file");
        assertThat(fake.heard.poll(60, TimeUnit.SECONDS)).isEqualTo("disconnected DISCONNECTED");
    }

    @Test
    void aLostConnectionFailsEveryWaiterAndANewSessionGoesOn() throws Exception {
        Guest guest = fake.attach();
        int stream = openStdout(guest);
        assertThat(stream).isPositive();
        var hello = async(() -> FakeGuest.attempt(() -> guest.hello(SOON)));
        Frame request = fake.expect(FrameType.HELLO);
        // Half a frame and then nothing: it must not become part of the next session.
        byte[] answer = new Frame(0, FrameType.ANSWER + FrameType.HELLO, false, request.request(), new byte[100]).encode();
        fake.send(Arrays.copyOf(answer, 50));
        fake.disconnect();
        assertThat(((GuestException) hello.get()).kind()).isEqualTo(GuestException.Kind.DISCONNECTED);
        assertThat(guest.isOpen()).isFalse();
        try (Guest next = fake.attach(Arrays.copyOfRange(answer, 50, answer.length))) {
            assertThat(openStdout(next)).isPositive();
        }
    }

    @Test
    void closingFailsThoseWhoWait() throws Exception {
        Guest guest = fake.attach();
        var hello = async(() -> FakeGuest.attempt(() -> guest.hello(SOON)));
        fake.expect(FrameType.HELLO);
        guest.close();
        assertThat(((GuestException) hello.get()).kind()).isEqualTo(GuestException.Kind.DISCONNECTED);
        assertThat(fake.heard.poll(60, TimeUnit.SECONDS)).isEqualTo("disconnected DISCONNECTED");
    }

    @Test
    void anInterruptedCallerLeavesTheSessionWhole() throws Exception {
        try (Guest guest = fake.attach()) {
            CompletableFuture<Object> outcome = new CompletableFuture<>();
            Thread caller = Thread.ofVirtual().start(() -> outcome.complete(FakeGuest.attempt(() -> guest.hello(SOON))));
            Frame request = fake.expect(FrameType.HELLO);
            caller.interrupt();
            assertThat(((GuestException) outcome.get()).kind()).isEqualTo(GuestException.Kind.INTERRUPTED);
            fake.answer(request, it -> {});
            var stats = async(() -> guest.stats(SOON));
            fake.answer(fake.expect(FrameType.STATS), it -> {});
            assertThat(stats.get().containers()).isEmpty();
        }
    }

    @Test
    void aGuestThatReadsNothingBoundsTheHost() throws Exception {
        SocketChannel host = fake.connect();
        assertThat(host.isOpen()).isTrue();
        Guest guest = fake.attach();
        fake.send(new byte[0]);
        var connecting = async(() -> guest.connect("", 80, SOON));
        Frame connect = fake.expect(FrameType.CONNECT);
        fake.answer(connect, it -> {});
        GuestSocket socket = connecting.get();
        // No WINDOW was ever sent: not one byte may leave.
        var writing = async(() -> FakeGuest.attempt(() -> {
            socket.output().write(new byte[1 << 20]);
            return "written";
        }));
        assertThat(Optional.ofNullable(writing.completeOnTimeout("waits", 200, TimeUnit.MILLISECONDS).get())).contains("waits");
        guest.close();
    }

    private int openStdout(Guest guest) throws Exception {
        var opening = async(() -> guest.openOutput("web", OutputKind.STDOUT, 0, SOON));
        Frame open = fake.expect(FrameType.OPEN);
        fake.answer(open, it -> it.u64(1, 0).u64(2, 0));
        opening.get();
        return (int) Message.parse(open.payload()).u32(3);
    }

    private void exited(int exec, int code) throws IOException {
        fake.event(FrameType.EXITED, it -> it.str(1, "web").u32(2, exec).u32(3, code).u64(6, 7));
    }

    private void assertEndsForViolation(Guest guest) throws InterruptedException {
        org.awaitility.Awaitility.await().atMost(SOON).until(() -> !guest.isOpen());
        org.awaitility.Awaitility.await().atMost(SOON).until(() -> fake.heard.contains("disconnected PROTOCOL"));
    }

    private static String text(Frame data) {
        return new String(data.payload(), 8, data.payload().length - 8, StandardCharsets.UTF_8);
    }

    private static <T> CompletableFuture<T> async(java.util.concurrent.Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        THREADS.execute(() -> {
            try {
                result.complete(work.call());
            } catch (Throwable failure) {
                result.completeExceptionally(failure);
            }
        });
        return result;
    }
}
