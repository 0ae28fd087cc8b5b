package io.hypernetes.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Starts and stops the processes that go on when the command line ends.
final class Background {
    /// What a process prints, once, on its standard output when it serves.
    static final String READY = "READY";

    private static final Duration START_LIMIT = Duration.ofSeconds(90);
    private static final Duration KILL_LIMIT = Duration.ofSeconds(30);

    private final Places places;
    private final List<String> globalFlags;
    private final boolean endsWithUs;

    Background(Places places, List<String> globalFlags) {
        this(places, globalFlags, false);
    }

    private Background(Places places, List<String> globalFlags, boolean endsWithUs) {
        this.places = places;
        this.globalFlags = List.copyOf(globalFlags);
        this.endsWithUs = endsWithUs;
    }

    /// The same, of which a process that does not serve yet ends when this command is told to end: it has not said by its lock yet that it is there.
    Background withHalfStartedEnding() {
        return new Background(places, globalFlags, true);
    }

    /// Starts `hypernetes PROCESS` in a session of its own and returns when it has said that it serves.
    ///
    /// @param environment added to its environment; secrets go here, never on a command line
    /// @throws UsageException when it ends or stays silent; with the end of its log
    void start(String process, List<String> flags, Map<String, String> environment) {
        List<String> command = new ArrayList<>(List.of("setsid", launcher().toString()));
        command.add(process);
        command.addAll(globalFlags);
        command.addAll(flags);
        Path errors = places.log().resolve(process + ".err");
        try {
            Files.createDirectories(places.log());
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()));
            builder.directory(Path.of("/").toFile());
            builder.environment().putAll(environment);
            Process started = builder.start();
            if (endsWithUs) {
                awaitReadyOrEnd(process, started, errors);
            } else {
                awaitReady(process, started, errors);
            }
        } catch (IOException e) {
            throw new UsageException("starting the " + process + ": " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    private void awaitReadyOrEnd(String process, Process started, Path errors) throws IOException {
        Thread ending = new Thread(started::destroy);
        try {
            Runtime.getRuntime().addShutdownHook(ending);
            try {
                awaitReady(process, started, errors);
            } finally {
                Runtime.getRuntime().removeShutdownHook(ending);
            }
        } catch (IllegalStateException told) {
            // We are ending already.
            started.destroy();
        }
    }

    private void awaitReady(String process, Process started, Path errors) throws IOException {
        BufferedReader output = started.inputReader(StandardCharsets.UTF_8);
        FutureTask<Boolean> ready = new FutureTask<>(() -> {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (line.equals(READY)) {
                    return true;
                }
            }
            return false;
        });
        Thread.ofVirtual().start(ready);
        try {
            if (ready.get(START_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                return;
            }
            throw new UsageException(
                    "the " + process + " ended instead of starting:\n" + lastLines(process, errors), UsageException.UNAVAILABLE);
        } catch (TimeoutException e) {
            started.destroy();
            throw new UsageException(
                    "the " + process + " did not come up within " + START_LIMIT.toSeconds() + " s:\n" + lastLines(process, errors),
                    UsageException.UNAVAILABLE);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UsageException("interrupted while the " + process + " was starting", 130);
        }
    }

    private String lastLines(String process, Path errors) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Path file : List.of(errors, places.logOf(process))) {
            if (Files.exists(file)) {
                List<String> all = Files.readAllLines(file);
                all.subList(Math.max(0, all.size() - 8), all.size()).forEach(line -> lines.add("  " + line));
            }
        }
        return String.join("\n", lines) + "\nThe whole log: " + places.logOf(process);
    }

    /// Asks the process to end and waits until it has; after the grace period it is killed.
    ///
    /// @return whether it was running
    boolean stop(String process, Duration grace) {
        ProcessHandle handle = ProcessLock.holder(places.lockOf(process)).orElse(null);
        if (handle == null) {
            return false;
        }
        handle.destroy();
        try {
            handle.onExit().get(grace.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException late) {
            handle.destroyForcibly();
            awaitKilled(process, handle);
        } catch (ExecutionException | InterruptedException e) {
            throw new UsageException("waiting for the " + process + " to end: " + e.getMessage(), UsageException.UNAVAILABLE);
        }
        return true;
    }

    private void awaitKilled(String process, ProcessHandle killed) {
        try {
            killed.onExit().get(KILL_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException stuck) {
            throw new UsageException("the " + process + " (process " + killed.pid() + ") does not end after SIGKILL; it is stuck in the host's kernel, see dmesg",
                    UsageException.UNAVAILABLE);
        } catch (ExecutionException | InterruptedException e) {
            throw new UsageException("waiting for the " + process + " to end: " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    /// The launcher beside which this program was built.
    static Path launcher() {
        String home = System.getProperty("hypernetes.home");
        if (home == null) {
            throw new UsageException("started without its launcher; use the `hypernetes` script");
        }
        return Path.of(home, "hypernetes");
    }

    /// The folder of the launcher: the checkout.
    static Path home() {
        return Path.of(System.getProperty("hypernetes.home", "."));
    }
}
