package io.hypernetes.hypervisor.qemu;

import io.hypernetes.linux.Descriptors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The read-write slot of a template and of its copies: a raw node named `scratch` whose placeholder is exchanged for a disk.
final class ScratchSlot {
    private static final String NODE = "scratch", PLACEHOLDER = "scratch-0", DISK = "scratch-1";
    /// Far from the numbers that QEMU itself gives, which begin with 0.
    private static final int SET = 1000;

    private ScratchSlot() {}

    /// Puts a disk in the place of the placeholder.
    static void fill(Qmp qmp, Path disk) throws IOException, InterruptedException {
        fill(qmp, disk, List.of());
    }

    /// As [#fill(Qmp, Path)], and then lets the guest go on. All is asked for at once.
    static void fillAndGo(Qmp qmp, Path disk) throws IOException, InterruptedException {
        fill(qmp, disk, List.of(new Qmp.Command("cont", Map.of())));
    }

    private static void fill(Qmp qmp, Path disk, List<Qmp.Command> then) throws IOException, InterruptedException {
        int descriptor = Descriptors.openForReadingAndWriting(disk);
        try {
            List<Qmp.Command> all = new ArrayList<>(List.of(
                    new Qmp.Command("add-fd", Map.of("fdset-id", SET, "opaque", NODE), descriptor),
                    new Qmp.Command("blockdev-add", Map.of("driver", "file", "node-name", DISK, "filename", "/dev/fdset/" + SET, "locking", "off")),
                    show(DISK)));
            all.addAll(then);
            all.add(forget(PLACEHOLDER));
            qmp.executeAll(all);
        } finally {
            Descriptors.close(descriptor);
        }
    }

    /// The opposite, when the guest no longer uses the disk.
    static void empty(Qmp qmp) throws IOException, InterruptedException {
        qmp.execute("blockdev-add", Map.of(
                "driver", "null-co", "node-name", PLACEHOLDER, "size", QemuCommand.PLACEHOLDER_BYTES, "read-zeroes", true));
        qmp.executeAll(List.of(show(PLACEHOLDER), forget(DISK), new Qmp.Command("remove-fd", Map.of("fdset-id", SET))));
    }

    private static Qmp.Command show(String file) {
        return new Qmp.Command("blockdev-reopen", Map.of("options", List.of(
                Map.of("driver", "raw", "node-name", NODE, "discard", "unmap", "detect-zeroes", "unmap", "file", file))));
    }

    private static Qmp.Command forget(String node) {
        return new Qmp.Command("blockdev-del", Map.of("node-name", node));
    }
}
