package io.hypernetes.network;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Runs one of the host's network tools on a batch of lines; for the drivers.
public final class Commands {
    private Commands() {}

    /// @param input the batch
    /// @return what it printed
    /// @throws NetworkException when it fails; the message holds its complaint and the batch
    public static String run(List<String> command, String input) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            try (OutputStream to = process.getOutputStream()) {
                to.write(input.getBytes(StandardCharsets.UTF_8));
            } catch (IOException ended) {
                // It did not read to the end; its exit code and complaint tell why.
            }
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new NetworkException(String.join(" ", command) + " failed: " + printed + "; it was given: "
                        + input.strip().replace("\n", "; "));
            }
            return printed;
        } catch (IOException failure) {
            throw new NetworkException("cannot run " + command.getFirst() + ": install iproute2 and nftables", failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new NetworkException("interrupted while running " + String.join(" ", command), interrupted);
        }
    }
}
