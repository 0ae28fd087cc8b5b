package io.hypernetes.hyperd.cri;

import io.hypernetes.hyperd.HyperdException;
import java.nio.file.Path;
import java.util.Map;

/// Checks of the texts that requests are made of: nothing unbounded, nothing that could mean something else in a path.
final class Names {
    private static final int MOST_TEXT = 4096;
    private static final int MOST_NAME = 253;
    private static final int MOST_MAP_BYTES = 512 << 10;

    private Names() {}

    /// A name that must be there.
    static String required(String what, String value) {
        if (value.isEmpty() || value.length() > MOST_NAME || value.indexOf('\0') >= 0 || value.indexOf('\n') >= 0) {
            throw HyperdException.invalid(
                    "The " + what + " must have 1 to " + MOST_NAME + " characters and no line break; it is `" + shortened(value) + "`.");
        }
        return value;
    }

    static String text(String what, String value) {
        if (value.length() > MOST_TEXT || value.indexOf('\0') >= 0) {
            throw HyperdException.invalid("The " + what + " is longer than " + MOST_TEXT + " characters or has a zero byte in it.");
        }
        return value;
    }

    static Map<String, String> map(String what, Map<String, String> values) {
        long bytes = 0;
        for (Map.Entry<String, String> entry : values.entrySet()) {
            bytes += entry.getKey().length() + entry.getValue().length();
        }
        if (bytes > MOST_MAP_BYTES) {
            throw HyperdException.invalid("The " + what + " have more than " + MOST_MAP_BYTES + " characters together.");
        }
        return Map.copyOf(values);
    }

    /// The path of a container's log; empty when it shall have none.
    static String logPath(String folder, String path) {
        if (folder.isEmpty() || path.isEmpty()) {
            return "";
        }
        Path base = Path.of(text("log folder", folder));
        Path log = base.resolve(text("log path", path)).normalize();
        if (!base.isAbsolute() || Path.of(path).isAbsolute() || !log.startsWith(base.normalize()) || log.equals(base.normalize())) {
            throw HyperdException.invalid("The log path " + path + " must be relative and stay below the pod's log folder " + folder + ".");
        }
        return log.toString();
    }

    private static String shortened(String value) {
        return value.length() > 60 ? value.substring(0, 60) + "…" : value;
    }
}
