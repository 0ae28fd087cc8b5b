package io.hypernetes.hypervisor;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Consumer;

/// Compiles the project's own guest kernel by `kernel/build`. Takes minutes; nodes started afterwards boot it.
public final class KernelBuild {
    private final Path script;
    private final Path destination;

    /// @param script `kernel/build` of the source tree
    /// @param destination the folder that [GuestKernels] looks into first
    public KernelBuild(Path script, Path destination) {
        this.script = script;
        this.destination = destination;
    }

    /// Builds, unless what is installed is from the same source already.
    ///
    /// @param progress gets each line that a person may want to see
    /// @throws HypervisorException when a package is missing or the compiler fails; the message ends with what the script said last
    public void run(Consumer<String> progress) {
        String last = "";
        try {
            Process process = new ProcessBuilder(script.toString(), destination.toString())
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line; (line = lines.readLine()) != null; ) {
                    last = line;
                    progress.accept(line);
                }
            } finally {
                if (process.isAlive() && Thread.currentThread().isInterrupted()) {
                    process.destroy();
                }
            }
            int code = process.waitFor();
            if (code != 0) {
                throw new HypervisorException("building the guest kernel into " + destination + " failed (exit code " + code + "): " + last);
            }
        } catch (IOException failure) {
            throw new HypervisorException("running " + script + ": " + failure.getMessage(), failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HypervisorException("interrupted while building the guest kernel", interrupted);
        }
    }
}
