package io.hypernetes.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The host's nameservers, as far as a pod can reach them.
public final class HostNameservers {
    /// Where systemd-resolved keeps the real servers behind its own loopback address.
    private static final List<Path> FILES = List.of(Path.of("/run/systemd/resolve/resolv.conf"), Path.of("/etc/resolv.conf"));
    private static final int MOST = 3;

    private HostNameservers() {}

    /// Those of the host's resolv.conf, none of them on its loopback.
    public static List<String> usable() {
        for (Path file : FILES) {
            try {
                List<String> found = read(Files.readString(file));
                if (!found.isEmpty()) {
                    return found;
                }
            } catch (IOException unreadable) {
                continue;
            }
        }
        return List.of();
    }

    /// Those that the host itself asks, on its loopback too.
    public static List<String> ofHost() {
        try {
            return servers(Files.readString(Path.of("/etc/resolv.conf")), true);
        } catch (IOException unreadable) {
            return List.of();
        }
    }

    /// IPv4 servers that are not on the host's loopback.
    static List<String> read(String text) {
        return servers(text, false);
    }

    private static List<String> servers(String text, boolean loopback) {
        return text.lines()
                .map(String::strip)
                .filter(line -> line.startsWith("nameserver"))
                .map(line -> line.substring("nameserver".length()).strip())
                .filter(address -> address.matches("[0-9.]+") && (loopback || !address.startsWith("127.")))
                .limit(MOST)
                .toList();
    }
}
