package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.Errno;
import io.hypernetes.guest.ExecSpec;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestProcess;
import io.hypernetes.guest.ProcessExit;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.AttachedClient;
import io.hypernetes.hyperd.container.InputThread;
import io.hypernetes.hyperd.docker.http.HttpExchange;
import io.hypernetes.hyperd.log.LogStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Attach and exec: connections that are taken over. Safe for use by many threads.
final class StreamCalls {
    private static final Logger LOG = LoggerFactory.getLogger(StreamCalls.class);
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final int MOST_EXECS = 4096;
    private static final long LOOK_MILLIS = 2_000;

    private final java.security.SecureRandom random = new java.security.SecureRandom();
    private final Map<String, Exec> execs = new LinkedHashMap<>();

    /// A command that was asked for.
    static final class Exec {
        final String id;
        final DockerContainer container;
        final JsonNode asked;
        volatile @Nullable GuestProcess process;
        volatile boolean running;
        volatile @Nullable Integer code;

        Exec(String id, DockerContainer container, JsonNode asked) {
            this.id = id;
            this.container = container;
            this.asked = asked;
        }
    }

    /// Serves one client until its container ends or it has gone, which is looked for: one that only waits, or whose input is not read, says
    /// nothing of it.
    void attach(DockerContainer container, HttpExchange exchange) throws IOException, InterruptedException {
        boolean tty = container.record().config().path("Tty").asBoolean(false);
        boolean stdin = exchange.flag("stdin") && container.record().config().path("OpenStdin").asBoolean(false);
        // Joined before the answer: what the container prints behind it is the client's.
        CompletableFuture<Runs.Joined> joining = container.streams().join();
        HttpExchange.Raw raw = exchange.takeOver(Multiplexed.contentType(tty));
        Multiplexed out = new Multiplexed(raw.out(), tty);
        Runs.Joined joined = awaitRun(joining, exchange);
        if (joined == null) {
            return;
        }
        AttachedClient client = joined.client();
        InputThread input = null;
        try {
            if (stdin) {
                input = InputThread.start("docker-stdin", () -> input(container, joined, raw.in(), tty));
            }
            for (int open = client.streams(); open > 0 && client.isOpen(); ) {
                AttachedClient.Chunk chunk = client.next(LOOK_MILLIS).orElse(null);
                LogStream stream = chunk == null ? null : chunk.stream();
                if (chunk != null && stream == null) {
                    open--;
                } else if (chunk != null && exchange.flag(stream == LogStream.STDOUT ? "stdout" : "stderr")) {
                    out.write(stream == LogStream.STDOUT ? 1 : 2, chunk.data(), 0, chunk.data().length);
                } else if (exchange.isGone()) {
                    return;
                }
            }
        } finally {
            joined.run().container().detach(client);
            if (input != null) {
                input.close();
            }
        }
    }

    /// Null when there will be no run, or the client does not wait for it any more.
    private static Runs.@Nullable Joined awaitRun(CompletableFuture<Runs.Joined> joining, HttpExchange exchange) throws IOException, InterruptedException {
        while (true) {
            try {
                return joining.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException notYet) {
                if (exchange.isGone() && joining.cancel(false)) {
                    return null;
                }
            } catch (CancellationException | ExecutionException removed) {
                return null;
            }
        }
    }

    private static void input(DockerContainer container, Runs.Joined joined, InputStream in, boolean tty) {
        byte[] buffer = new byte[32 * 1024];
        boolean once = !tty && container.record().config().path("StdinOnce").asBoolean(false);
        OutputStream input = joined.run().container().input(joined.run().sandbox()::guestWhenResumed);
        try {
            try {
                for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                    input.write(buffer, 0, count);
                }
            } finally {
                if (once) {
                    input.close();
                }
            }
            if (!once) {
                joined.client().close();
            }
        } catch (IOException | GuestException | HyperdException ended) {
            LOG.debug("event=docker-input-ended container={} reason=\"{}\"", container.id(), ended.toString());
        }
    }

    String create(DockerContainer container, JsonNode asked) {
        container.unpaused("exec");
        if (asked.path("Cmd").isEmpty()) {
            throw new DockerFailure(400, "No exec command specified");
        }
        byte[] bytes = new byte[32];
        random.nextBytes(bytes);
        Exec exec = new Exec(HexFormat.of().formatHex(bytes), container, asked);
        synchronized (execs) {
            execs.values().removeIf(old -> old.container.isGone());
            if (execs.size() >= MOST_EXECS) {
                execs.remove(execs.keySet().iterator().next());
            }
            execs.put(exec.id, exec);
        }
        return exec.id;
    }

    Exec exec(String id) {
        synchronized (execs) {
            Exec exec = execs.get(id);
            if (exec == null) {
                throw new DockerFailure(404, "No such exec instance: " + id);
            }
            return exec;
        }
    }

    ObjectNode show(Exec exec) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("ID", exec.id).put("Running", exec.running)
                .put("ContainerID", exec.container.id()).put("ExitCode", exec.code).put("Pid", exec.running ? 1 : 0);
        json.putObject("ProcessConfig").put("tty", exec.asked.path("Tty").asBoolean(false))
                .put("entrypoint", exec.asked.path("Cmd").path(0).asString(""));
        return json;
    }

    void start(Exec exec, boolean detach, HttpExchange exchange) throws IOException {
        JsonNode asked = exec.asked;
        boolean tty = asked.path("Tty").asBoolean(false);
        boolean stdin = asked.path("AttachStdin").asBoolean(false) && !detach;
        ExecSpec spec = new ExecSpec(
                exec.container.id(), Wish.texts(asked.path("Cmd")), Wish.texts(asked.path("Env")), asked.path("WorkingDir").asString(""),
                asked.path("User").asString(""), tty, stdin, asked.path("ConsoleSize").path(0).asInt(0),
                asked.path("ConsoleSize").path(1).asInt(0), asked.path("Privileged").asBoolean(false));
        Runs.Run run = exec.container.unpaused("exec");
        HttpExchange.@Nullable Raw raw = detach ? null : exchange.takeOver(Multiplexed.contentType(tty));
        Multiplexed out = new Multiplexed(raw == null ? OutputStream.nullOutputStream() : raw.out(), tty);
        GuestProcess process;
        try {
            process = run.sandbox().guest().exec(spec, ANSWER);
        } catch (GuestException failure) {
            boolean refused = failure.kind() == GuestException.Kind.REFUSED && failure.step().equals("exec");
            exec.code = refused && failure.errno() == Errno.ENOENT ? 127 : 126;
            String why = "OCI runtime exec failed: exec failed: " + (refused
                    ? Runs.execRefusal(spec.arguments().getFirst(), failure.errno()) : failure.getMessage());
            if (raw == null) {
                throw new DockerFailure(400, why);
            }
            out.write(2, (why + "\r\n").getBytes(StandardCharsets.UTF_8), 0, why.length() + 2);
            return;
        }
        exec.process = process;
        exec.running = true;
        exec.container.tell("exec_start: " + String.join(" ", spec.arguments()), Map.of("execID", exec.id));
        if (raw == null) {
            Thread.ofVirtual().name("docker-exec").start(() -> carry(exec, process, out, null));
            exchange.answer(200, "application/json", new byte[0]);
        } else {
            carry(exec, process, out, stdin ? raw.in() : null);
        }
    }

    private static void carry(Exec exec, GuestProcess process, Multiplexed out, @Nullable InputStream in) {
        try (process) {
            if (in != null) {
                Thread.ofVirtual().name("docker-exec-stdin").start(() -> {
                    try (OutputStream to = process.stdin()) {
                        byte[] buffer = new byte[32 * 1024];
                        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                            to.write(buffer, 0, count);
                            to.flush();
                        }
                    } catch (IOException | GuestException ended) {
                        LOG.debug("event=docker-exec-input-ended reason=\"{}\"", ended.toString());
                    }
                });
            }
            Thread errors = Thread.ofVirtual().name("docker-exec-stderr").start(() -> copy(process.stderr(), out, 2));
            copy(process.stdout(), out, 1);
            errors.join();
            Optional<ProcessExit> exit = Optional.empty();
            while (exit.isEmpty()) {
                exit = process.waitFor(Duration.ofHours(1));
            }
            exec.code = exit.get().code();
        } catch (GuestException lost) {
            exec.code = 137;
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        } finally {
            exec.running = false;
            exec.container.tell("exec_die", Map.of("execID", exec.id, "exitCode", String.valueOf(exec.code)));
        }
    }

    // A client that went away does not stop the command, so what it prints is read on.
    private static void copy(InputStream from, Multiplexed to, int kind) {
        byte[] buffer = new byte[32 * 1024];
        boolean wanted = true;
        try {
            for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                try {
                    if (wanted) {
                        to.write(kind, buffer, 0, count);
                    }
                } catch (IOException gone) {
                    wanted = false;
                }
            }
        } catch (IOException | GuestException ended) {
            LOG.debug("event=docker-output-ended reason=\"{}\"", ended.toString());
        }
    }
}
