package io.hypernetes.hypervisor.qemu;

import io.hypernetes.linux.Descriptors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/// The read-only slot of a running machine: a raw node named `layers` whose file is exchanged. What it shows is a VMDK description,
/// held in memory, that lines up layer files, each known to QEMU by a descriptor.
///
/// Keeps no state: names in use are asked for each time, so an engine that has just come back can append too.
final class LayerDisk {
    private static final String NODE = "layers";
    private static final int SECTOR = 512;
    private static final int GRAIN = 4096;

    private LayerDisk() {}

    static void replace(Qmp qmp, List<Path> layers) throws IOException, InterruptedException {
        TreeSet<Integer> generations = generations(qmp);
        int next = generations.isEmpty() ? 0 : generations.last() + 1;
        List<Integer> sets = new ArrayList<>();
        boolean done = false;
        try {
            StringBuilder extents = new StringBuilder();
            long total = 0;
            for (Path layer : layers) {
                long size = Files.size(layer);
                if (size == 0 || size % GRAIN != 0) {
                    throw new IOException("layer " + layer + " has " + size + " bytes, which is no multiple of " + GRAIN);
                }
                int set = add(qmp, Descriptors.openForReading(layer));
                sets.add(set);
                extents.append("RW ").append(size / SECTOR).append(" FLAT \"/dev/fdset/").append(set).append("\" 0\n");
                total += size;
            }
            int description = add(qmp, Descriptors.readOnlyMemoryFile(NODE, description(extents).getBytes(StandardCharsets.UTF_8)));
            sets.add(description);
            String file = NODE + "-" + next;
            qmp.execute("blockdev-add", Map.of(
                    "driver", "vmdk",
                    "node-name", file,
                    "read-only", true,
                    "file", Map.of("driver", "file", "filename", "/dev/fdset/" + description, "read-only", true, "locking", "off")));
            checkSize(qmp, file, total);
            qmp.execute("blockdev-reopen", Map.of("options", List.of(
                    Map.of("driver", "raw", "node-name", NODE, "read-only", true, "file", file))));
            done = true;
        } finally {
            if (!done) {
                remove(qmp, List.of(next), sets);
            }
        }
        remove(qmp, List.copyOf(generations), otherSets(qmp, sets));
    }

    /// Shows nothing for the time being: QEMU does not save a machine that has a VMDK. What the guest reads meanwhile would be zeros, so it
    /// must stand still until [#replace].
    static void clear(Qmp qmp) throws IOException, InterruptedException {
        TreeSet<Integer> generations = generations(qmp);
        int next = generations.isEmpty() ? 0 : generations.last() + 1;
        String file = NODE + "-" + next;
        qmp.execute("blockdev-add", Map.of(
                "driver", "null-co", "node-name", file, "size", QemuCommand.PLACEHOLDER_BYTES, "read-zeroes", true, "read-only", true));
        qmp.execute("blockdev-reopen", Map.of("options", List.of(
                Map.of("driver", "raw", "node-name", NODE, "read-only", true, "file", file))));
        remove(qmp, List.copyOf(generations), otherSets(qmp, List.of()));
    }

    /// No blank line before the first extent: QEMU would count that extent twice. No RDONLY: QEMU 7.2 aborts on such an extent.
    private static String description(CharSequence extents) {
        return "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\n# extents\n" + extents
                + "# end\nddb.virtualHWVersion = \"4\"\nddb.geometry.cylinders = \"1\"\nddb.geometry.heads = \"16\"\n"
                + "ddb.geometry.sectors = \"63\"\nddb.adapterType = \"ide\"\n";
    }

    private static int add(Qmp qmp, int descriptor) throws IOException, InterruptedException {
        try {
            return qmp.execute("add-fd", Map.of("opaque", NODE), descriptor).path("fdset-id").asInt();
        } finally {
            Descriptors.close(descriptor);
        }
    }

    /// A description that QEMU reads otherwise than meant would show every layer behind the mistake at a wrong place.
    private static void checkSize(Qmp qmp, String node, long expected) throws IOException, InterruptedException {
        for (JsonNode found : nodes(qmp)) {
            if (found.path("node-name").asString("").equals(node)) {
                long size = found.path("image").path("virtual-size").asLong();
                if (size != expected) {
                    throw new IOException("QEMU sees " + size + " bytes of layers where there are " + expected);
                }
                return;
            }
        }
        throw new IOException("QEMU does not show the node " + node + " that it has just added");
    }

    private static TreeSet<Integer> generations(Qmp qmp) throws IOException, InterruptedException {
        TreeSet<Integer> found = new TreeSet<>();
        for (JsonNode node : nodes(qmp)) {
            String name = node.path("node-name").asString("");
            if (name.matches(NODE + "-[0-9]{1,9}")) {
                found.add(Integer.parseInt(name.substring(NODE.length() + 1)));
            }
        }
        return found;
    }

    private static JsonNode nodes(Qmp qmp) throws IOException, InterruptedException {
        return qmp.execute("query-named-block-nodes", Map.of("flat", true));
    }

    private static List<Integer> otherSets(Qmp qmp, List<Integer> kept) throws IOException, InterruptedException {
        List<Integer> others = new ArrayList<>();
        for (JsonNode set : qmp.execute("query-fdsets", Map.of())) {
            int id = set.path("fdset-id").asInt();
            boolean ours = set.path("fds").path(0).path("opaque").asString("").equals(NODE);
            if (ours && !kept.contains(id)) {
                others.add(id);
            }
        }
        return others;
    }

    /// Lets go of what is no longer shown. What QEMU refuses to remove is tried again the next time, and harms nothing until then.
    private static void remove(Qmp qmp, List<Integer> generations, List<Integer> sets) throws IOException, InterruptedException {
        for (int generation : generations) {
            tryExecute(qmp, "blockdev-del", Map.of("node-name", NODE + "-" + generation));
        }
        for (int set : sets) {
            tryExecute(qmp, "remove-fd", Map.of("fdset-id", set));
        }
    }

    private static void tryExecute(Qmp qmp, String command, Map<String, ?> arguments) throws IOException, InterruptedException {
        try {
            qmp.execute(command, arguments);
        } catch (Qmp.QmpException refused) {
            return;
        }
    }
}
