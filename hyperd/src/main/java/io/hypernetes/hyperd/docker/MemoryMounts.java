package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.MountSpec;
import io.hypernetes.guest.VolumeSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// File systems in memory that a client asks for: `--tmpfs`, `--mount type=tmpfs` and the size of `/dev/shm`.
final class MemoryMounts {
    private static final Pattern SIZE = Pattern.compile("size=([0-9]{1,15})([kKmMgG]?)");
    private static final Pattern MODE = Pattern.compile("mode=([0-7]{1,5})");
    private static final int OPEN_TO_ALL = 01777;

    private MemoryMounts() {}

    /// Outer folders before inner ones.
    ///
    /// @throws DockerFailure 400 for what is no such mount, 501 for options that a guest does not have
    static List<MountSpec> of(JsonNode host) {
        List<MountSpec> mounts = new ArrayList<>();
        long shared = host.path("ShmSize").asLong(0);
        if (shared < 0) {
            throw new DockerFailure(400, "SHM size can not be less than 0");
        }
        if (shared > 0) {
            mounts.add(new MountSpec.Tmpfs("/dev/shm", shared, OPEN_TO_ALL, false, true));
        }
        host.path("Tmpfs").properties().forEach(entry -> mounts.add(parsed(entry.getKey(), entry.getValue().asString(""))));
        for (JsonNode mount : host.path("Mounts")) {
            if (!mount.path("Type").asString("").equals("tmpfs")) {
                continue;
            }
            JsonNode options = mount.path("TmpfsOptions");
            int mode = options.path("Mode").asInt(0) & 07777;
            mounts.add(new MountSpec.Tmpfs(
                    place(mount.path("Target").asString("")), Math.max(0, options.path("SizeBytes").asLong(0)),
                    mode == 0 ? VolumeSpec.DEFAULT_MODE : mode, mount.path("ReadOnly").asBoolean(false), true));
        }
        mounts.sort(Comparator.comparing(MountSpec::destination));
        return mounts;
    }

    private static MountSpec parsed(String at, String options) {
        long bytes = 0;
        int mode = VolumeSpec.DEFAULT_MODE;
        boolean readOnly = false;
        boolean noExec = true;
        for (String option : options.isEmpty() ? new String[0] : options.split(",")) {
            Matcher size = SIZE.matcher(option);
            Matcher bits = MODE.matcher(option);
            if (size.matches()) {
                bytes = Long.parseLong(size.group(1)) << switch (size.group(2)) {
                    case "k", "K" -> 10;
                    case "m", "M" -> 20;
                    case "g", "G" -> 30;
                    default -> 0;
                };
            } else if (bits.matches()) {
                mode = Integer.parseInt(bits.group(1), 8) & 07777;
            } else {
                switch (option) {
                    case "ro" -> readOnly = true;
                    case "rw" -> readOnly = false;
                    case "exec" -> noExec = false;
                    case "noexec" -> noExec = true;
                    case "nosuid", "nodev" -> {}
                    default -> throw DockerFailure.later("--tmpfs " + at + " cannot have the option " + option
                            + "; there are size=, mode=, ro, rw, exec and noexec");
                }
            }
        }
        return new MountSpec.Tmpfs(place(at), bytes, mode, readOnly, noExec);
    }

    static String place(String at) {
        if (!at.startsWith("/") || at.equals("/") || List.of(at.split("/")).contains("..") || at.length() > 4000) {
            throw new DockerFailure(400, "invalid mount path: '" + at + "': it must be absolute, without `..`, and not the root");
        }
        return at;
    }
}
