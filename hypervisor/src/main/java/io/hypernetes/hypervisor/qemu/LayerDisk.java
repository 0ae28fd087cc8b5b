package io.hypernetes.hypervisor.qemu;

import io.hypernetes.linux.Descriptors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
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
    /// Above the scratch disk's, see [ScratchSlot].
    private static final int FIRST_SET = 2000;
    private static final Qmp.Command NODES = new Qmp.Command("query-named-block-nodes", Map.of("flat", true));
    private static final Qmp.Command SETS = new Qmp.Command("query-fdsets", Map.of());

    private LayerDisk() {}

    /// What was shown before stays known to QEMU until the next time, so that nobody waits for its removal.
    static void replace(Qmp qmp, List<Path> layers) throws IOException, InterruptedException {
        List<JsonNode> present = qmp.executeAll(List.of(NODES, SETS));
        TreeSet<Integer> generations = generations(present.getFirst());
        int shown = generations.isEmpty() ? -1 : generations.removeLast();
        remove(qmp, generations, sets(present.getLast(), shown));
        String file = NODE + "-" + (shown + 1);
        int set = FIRST_SET;
        for (JsonNode known : present.getLast()) {
            set = Math.max(set, known.path("fdset-id").asInt() + 1);
        }
        List<Integer> descriptors = new ArrayList<>();
        List<Qmp.Command> additions = new ArrayList<>();
        boolean done = false;
        try {
            StringBuilder extents = new StringBuilder();
            long total = 0;
            for (Path layer : layers) {
                long size = Files.size(layer);
                if (size == 0 || size % GRAIN != 0) {
                    throw new IOException("layer " + layer + " has " + size + " bytes, which is no multiple of " + GRAIN);
                }
                extents.append("RW ").append(size / SECTOR).append(" FLAT \"/dev/fdset/").append(set).append("\" 0\n");
                total += size;
                descriptors.add(Descriptors.openForReading(layer));
                additions.add(addition(set++, file, descriptors.getLast()));
            }
            descriptors.add(Descriptors.readOnlyMemoryFile(NODE, description(extents).getBytes(StandardCharsets.UTF_8)));
            additions.add(addition(set, file, descriptors.getLast()));
            for (int begin = 0; begin < additions.size(); begin += Qmp.TOGETHER) {
                qmp.executeAll(additions.subList(begin, Math.min(begin + Qmp.TOGETHER, additions.size())));
            }
            JsonNode nodes = qmp.executeAll(List.of(
                            new Qmp.Command("blockdev-add", Map.of(
                                    "driver", "vmdk",
                                    "node-name", file,
                                    "read-only", true,
                                    "file", Map.of("driver", "file", "filename", "/dev/fdset/" + set, "read-only", true, "locking", "off"))),
                            show(file),
                            NODES))
                    .getLast();
            // No guest has been told yet of what it shows.
            checkSize(nodes, file, total);
            done = true;
        } finally {
            descriptors.forEach(Descriptors::close);
            if (!done) {
                remove(qmp, List.of(shown + 1), sets(qmp.execute("query-fdsets", Map.of()), shown));
            }
        }
    }

    /// Shows nothing for the time being: QEMU does not save a machine that has a VMDK. What the guest reads meanwhile would be zeros, so it
    /// must stand still until [#replace].
    static void clear(Qmp qmp) throws IOException, InterruptedException {
        List<JsonNode> present = qmp.executeAll(List.of(NODES, SETS));
        TreeSet<Integer> generations = generations(present.getFirst());
        int next = generations.isEmpty() ? 0 : generations.last() + 1;
        String file = NODE + "-" + next;
        qmp.executeAll(List.of(
                new Qmp.Command("blockdev-add", Map.of(
                        "driver", "null-co", "node-name", file, "size", QemuCommand.PLACEHOLDER_BYTES, "read-zeroes", true, "read-only", true)),
                show(file)));
        remove(qmp, generations, sets(present.getLast(), next));
    }

    private static Qmp.Command show(String file) {
        return new Qmp.Command("blockdev-reopen", Map.of("options", List.of(Map.of("driver", "raw", "node-name", NODE, "read-only", true, "file", file))));
    }

    /// No blank line before the first extent: QEMU would count that extent twice. No RDONLY: QEMU 7.2 aborts on such an extent.
    private static String description(CharSequence extents) {
        return "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\n# extents\n" + extents
                + "# end\nddb.virtualHWVersion = \"4\"\nddb.geometry.cylinders = \"1\"\nddb.geometry.heads = \"16\"\n"
                + "ddb.geometry.sectors = \"63\"\nddb.adapterType = \"ide\"\n";
    }

    private static Qmp.Command addition(int set, String file, int descriptor) {
        return new Qmp.Command("add-fd", Map.of("fdset-id", set, "opaque", file), descriptor);
    }

    /// A description that QEMU reads otherwise than meant would show every layer behind the mistake at a wrong place.
    private static void checkSize(JsonNode nodes, String node, long expected) throws IOException {
        for (JsonNode found : nodes) {
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

    private static TreeSet<Integer> generations(JsonNode nodes) {
        TreeSet<Integer> found = new TreeSet<>();
        for (JsonNode node : nodes) {
            String name = node.path("node-name").asString("");
            if (name.matches(NODE + "-[0-9]{1,9}")) {
                found.add(Integer.parseInt(name.substring(NODE.length() + 1)));
            }
        }
        return found;
    }

    /// The sets of all generations but that which is shown. Each bears its generation's name.
    private static List<Integer> sets(JsonNode all, int shown) {
        List<Integer> others = new ArrayList<>();
        for (JsonNode set : all) {
            String of = set.path("fds").path(0).path("opaque").asString("");
            if (of.startsWith(NODE + "-") && !of.equals(NODE + "-" + shown)) {
                others.add(set.path("fdset-id").asInt());
            }
        }
        return others;
    }

    /// Lets go of what is no longer shown. What QEMU refuses to remove is tried again the next time, and harms nothing until then.
    private static void remove(Qmp qmp, Collection<Integer> generations, List<Integer> sets) throws IOException, InterruptedException {
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
