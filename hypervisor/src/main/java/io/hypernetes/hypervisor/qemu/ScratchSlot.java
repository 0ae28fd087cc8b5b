package io.hypernetes.hypervisor.qemu;

import io.hypernetes.linux.Descriptors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/// The read-write slot of a copy: a raw node named `scratch` whose placeholder is exchanged, once, for the pod's disk.
final class ScratchSlot {
    private static final String NODE = "scratch", PLACEHOLDER = "scratch-0", DISK = "scratch-1";

    private ScratchSlot() {}

    static void fill(Qmp qmp, Path disk) throws IOException, InterruptedException {
        int descriptor = Descriptors.openForReadingAndWriting(disk);
        int set;
        try {
            set = qmp.execute("add-fd", Map.of("opaque", NODE), descriptor).path("fdset-id").asInt();
        } finally {
            Descriptors.close(descriptor);
        }
        qmp.execute("blockdev-add", Map.of("driver", "file", "node-name", DISK, "filename", "/dev/fdset/" + set, "locking", "off"));
        qmp.execute("blockdev-reopen", Map.of("options", java.util.List.of(
                Map.of("driver", "raw", "node-name", NODE, "discard", "unmap", "detect-zeroes", "unmap", "file", DISK))));
        qmp.execute("blockdev-del", Map.of("node-name", PLACEHOLDER));
    }
}
