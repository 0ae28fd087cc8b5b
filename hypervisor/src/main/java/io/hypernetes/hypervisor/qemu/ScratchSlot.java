package io.hypernetes.hypervisor.qemu;

import io.hypernetes.linux.Descriptors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// The read-write slot of a template and of its copies: a raw node named `scratch` whose placeholder is exchanged for a disk.
final class ScratchSlot {
    private static final String NODE = "scratch", PLACEHOLDER = "scratch-0", DISK = "scratch-1";

    private ScratchSlot() {}

    /// Puts a disk in the place of the placeholder.
    static void fill(Qmp qmp, Path disk) throws IOException, InterruptedException {
        int descriptor = Descriptors.openForReadingAndWriting(disk);
        int set;
        try {
            set = qmp.execute("add-fd", Map.of("opaque", NODE), descriptor).path("fdset-id").asInt();
        } finally {
            Descriptors.close(descriptor);
        }
        qmp.execute("blockdev-add", Map.of("driver", "file", "node-name", DISK, "filename", "/dev/fdset/" + set, "locking", "off"));
        exchange(qmp, PLACEHOLDER, DISK);
    }

    /// The opposite, when the guest no longer uses the disk.
    static void empty(Qmp qmp) throws IOException, InterruptedException {
        qmp.execute("blockdev-add", Map.of(
                "driver", "null-co", "node-name", PLACEHOLDER, "size", QemuCommand.PLACEHOLDER_BYTES, "read-zeroes", true));
        exchange(qmp, DISK, PLACEHOLDER);
        for (JsonNode set : qmp.execute("query-fdsets", Map.of())) {
            if (set.path("fds").path(0).path("opaque").asString("").equals(NODE)) {
                qmp.execute("remove-fd", Map.of("fdset-id", set.path("fdset-id").asInt()));
            }
        }
    }

    private static void exchange(Qmp qmp, String old, String fresh) throws IOException, InterruptedException {
        qmp.execute("blockdev-reopen", Map.of("options", List.of(
                Map.of("driver", "raw", "node-name", NODE, "discard", "unmap", "detect-zeroes", "unmap", "file", fresh))));
        qmp.execute("blockdev-del", Map.of("node-name", old));
    }
}
