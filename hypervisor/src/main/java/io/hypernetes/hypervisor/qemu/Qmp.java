package io.hypernetes.hypervisor.qemu;

import io.hypernetes.linux.ErrnoException;
import io.hypernetes.linux.UnixSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// One short conversation with QEMU's control socket. It is opened for each operation and closed behind it: QEMU serves one peer at a
/// time, keeps what it has to say for a peer that does not listen, and an engine that comes back must find the door free.
final class Qmp implements AutoCloseable {
    private static final int LONGEST_LINE = 4 << 20;
    private static final int MOST_EVENTS = 1000;
    /// Of all events remembered, as they came. QEMU's own are some hundred bytes each.
    private static final int MOST_EVENT_BYTES = 256 << 10;
    /// Of the whole conversation: a QEMU that never ends is not listened to for ever.
    private static final long MOST_BYTES = 64L << 20;
    private static final int LONGEST_QUOTE = 300;
    /// QEMU keeps eight commands that wait for their turn.
    static final int TOGETHER = 6;

    private static final JsonMapper JSON = new JsonMapper();

    private final UnixSocket socket;
    private final long deadline;
    private final Deque<JsonNode> events = new ArrayDeque<>();
    private byte[] received = new byte[8192];
    private int position;
    private int end;
    private int lastId;
    private int lineBytes;
    private int eventBytes;
    private long heard;

    private Qmp(UnixSocket socket, long deadline) {
        this.socket = socket;
        this.deadline = deadline;
    }

    /// Connects and waits for the greeting.
    ///
    /// @param timeout for the whole conversation
    /// @throws SocketTimeoutException when nothing is heard; QEMU may be slow, or talk with another
    /// @throws IOException when nobody listens, or what is heard is no greeting
    /// @throws ErrnoException when this process or host cannot connect
    static Qmp open(Path path, Duration timeout) throws IOException, InterruptedException {
        UnixSocket socket;
        try {
            socket = UnixSocket.connect(path);
        } catch (ErrnoException failure) {
            if (failure.errno() == ErrnoException.EAGAIN) {
                // Others have connected before and are not served yet either.
                throw new SocketTimeoutException(failure.getMessage());
            }
            if (failure.errno() == ErrnoException.ENOENT || failure.errno() == ErrnoException.ECONNREFUSED) {
                throw new IOException(failure.getMessage(), failure);
            }
            throw failure;
        }
        Qmp qmp = new Qmp(socket, System.nanoTime() + timeout.toNanos());
        try {
            Command capabilities = new Command("qmp_capabilities", Map.of());
            int id = qmp.send(List.of(capabilities));
            JsonNode greeting = qmp.readLine();
            if (!greeting.has("QMP")) {
                throw new IOException("expected a QMP greeting on " + path + ", got " + shortened(greeting.toString()));
            }
            qmp.answer(id, capabilities);
            return qmp;
        } catch (IOException | InterruptedException | RuntimeException failure) {
            qmp.close();
            throw failure;
        }
    }

    /// Runs a command and returns what it answers.
    ///
    /// @param descriptors sent along with the command
    /// @throws QmpException when QEMU refuses
    JsonNode execute(String command, Map<String, ?> arguments, int... descriptors) throws IOException, InterruptedException {
        return executeAll(List.of(new Command(command, arguments, descriptors))).getFirst();
    }

    /// One of several commands.
    ///
    /// @param descriptors sent along with it
    record Command(String name, Map<String, ?> arguments, int... descriptors) {}

    /// Sends commands without waiting for the answers in between. QEMU runs them in their order, those behind a refused one too.
    ///
    /// @param commands [#TOGETHER] at most
    /// @return the answers, in that order
    /// @throws QmpException the first refusal
    List<JsonNode> executeAll(List<Command> commands) throws IOException, InterruptedException {
        int id = send(commands);
        List<JsonNode> answers = new ArrayList<>();
        for (Command command : commands) {
            answers.add(answer(id++, command));
        }
        return answers;
    }

    /// @return the first one's id; those of the others follow
    private int send(List<Command> commands) throws IOException, InterruptedException {
        StringBuilder together = new StringBuilder();
        for (Command command : commands) {
            String line = JSON.writeValueAsString(command.arguments().isEmpty()
                    ? Map.of("execute", command.name(), "id", ++lastId)
                    : Map.of("execute", command.name(), "arguments", command.arguments(), "id", ++lastId)) + "\n";
            if (command.descriptors().length > 0) {
                // They belong to the first byte of what they are sent with.
                send(together, new int[0]);
                send(together.append(line), command.descriptors());
            } else {
                together.append(line);
            }
        }
        send(together, new int[0]);
        return lastId - commands.size() + 1;
    }

    private void send(StringBuilder together, int[] descriptors) throws IOException, InterruptedException {
        if (!together.isEmpty()) {
            socket.send(together.toString().getBytes(StandardCharsets.UTF_8), descriptors, left());
            together.setLength(0);
        }
    }

    private JsonNode answer(int id, Command to) throws IOException, InterruptedException {
        while (true) {
            JsonNode answer = readLine();
            if (answer.path("id").asInt(0) != id) {
                remember(answer);
                continue;
            }
            JsonNode error = answer.get("error");
            if (error != null) {
                throw new QmpException(to.name(), shortened(error.path("desc").asString("")));
            }
            return answer.path("return");
        }
    }

    /// Waits for an event, which may have come since the last command was sent.
    ///
    /// @return its data
    JsonNode await(String event, Predicate<JsonNode> wanted) throws IOException, InterruptedException {
        while (true) {
            for (JsonNode seen = events.poll(); seen != null; seen = events.poll()) {
                if (seen.path("event").asString("").equals(event) && wanted.test(seen.path("data"))) {
                    return seen.path("data");
                }
            }
            eventBytes = 0;
            remember(readLine());
        }
    }

    private void remember(JsonNode line) {
        if (line.has("event") && events.size() < MOST_EVENTS && lineBytes <= MOST_EVENT_BYTES - eventBytes) {
            eventBytes += lineBytes;
            events.add(line);
        }
    }

    private Duration left() throws IOException {
        long nanos = deadline - System.nanoTime();
        if (nanos <= 0) {
            throw new SocketTimeoutException("QEMU did not answer in time");
        }
        return Duration.ofNanos(nanos);
    }

    private JsonNode readLine() throws IOException, InterruptedException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            for (; position < end; position++) {
                byte b = received[position];
                if (b == '\n') {
                    position++;
                    lineBytes = line.size();
                    return parse(line.toString(StandardCharsets.UTF_8));
                }
                line.write(b);
            }
            if (line.size() > LONGEST_LINE) {
                throw new IOException("QEMU sent a line of more than " + LONGEST_LINE + " bytes");
            }
            end = socket.receive(received, left());
            position = 0;
            heard += end;
            if (heard > MOST_BYTES) {
                throw new IOException("QEMU sent more than " + MOST_BYTES + " bytes in one conversation");
            }
        }
    }

    private static JsonNode parse(String line) throws IOException {
        try {
            return JSON.readTree(line);
        } catch (JacksonException failure) {
            throw new IOException("QEMU sent what is not JSON: " + shortened(line), failure);
        }
    }

    /// What QEMU said, fit for a message: a QEMU that its guest has taken over says what it likes.
    private static String shortened(String text) {
        String line = text.replaceAll("\\p{Cntrl}+", " ");
        return line.length() <= LONGEST_QUOTE ? line : line.substring(0, LONGEST_QUOTE) + "…";
    }

    @Override
    public void close() {
        socket.close();
    }

    /// QEMU refused a command.
    static final class QmpException extends IOException {
        private static final long serialVersionUID = 1L;

        QmpException(String command, String description) {
            super("QEMU refused " + command + ": " + description);
        }
    }
}
