package io.hypernetes.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// This run of the host's kernel.
public final class HostBoot {
    private HostBoot() {}

    /// An identity that is new with each boot: process ids and network interfaces mean nothing beyond it.
    public static String id() {
        Path file = Path.of("/proc/sys/kernel/random/boot_id");
        try {
            return Files.readString(file).strip();
        } catch (IOException failure) {
            throw new UncheckedIOException("reading " + file, failure);
        }
    }
}
