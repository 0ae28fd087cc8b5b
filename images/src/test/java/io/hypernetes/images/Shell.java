package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;

/// Runs a command for a test and gives its output.
final class Shell {
    private Shell() {}

    static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError(List.of(command) + " failed: " + output);
        }
        return output;
    }

    /// The contents of a squashfs file, one line an entry.
    static List<String> contents(DiskLayer layer) throws Exception {
        return run("unsquashfs", "-lln", layer.file().toString()).lines().toList();
    }
}
