package io.hypernetes.acceptance;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// One finished run of a stock program.
record Run(List<String> command, int exitCode, String out, String err) {

    /// Runs a program to its end, at most `limit`; then it is killed and the test fails.
    static Run of(Duration limit, Map<String, String> environment, byte[] input, List<String> command) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().putAll(environment);
            Process process = builder.start();
            CompletableFuture<String> out = drain(process.getInputStream());
            CompletableFuture<String> err = drain(process.getErrorStream());
            Thread.ofVirtual().start(() -> {
                try (var stdin = process.getOutputStream()) {
                    stdin.write(input);
                } catch (IOException closed) {
                    // The program may end without reading its input.
                }
            });
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
                throw new AssertionError(String.join(" ", command) + " did not end within " + limit + "\nstdout: " + out.join() + "\nstderr: " + err.join());
            }
            return new Run(command, process.exitValue(), out.join(), err.join());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    static Run of(String... command) {
        return of(Duration.ofMinutes(2), Map.of(), new byte[0], List.of(command));
    }

    /// The output, after checking that the program succeeded.
    String ok() {
        if (exitCode != 0) {
            throw new AssertionError(this);
        }
        return out;
    }

    private static CompletableFuture<String> drain(InputStream stream) {
        CompletableFuture<String> text = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                text.complete(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                text.completeExceptionally(e);
            }
        });
        return text;
    }

    @Override
    public String toString() {
        return String.join(" ", command) + " ended with " + exitCode + "\nstdout: " + out + "\nstderr: " + err;
    }
}
