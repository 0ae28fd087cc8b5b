package io.hypernetes.cli;

import io.hypernetes.linux.Descriptors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32;

/// What tells a node's installation from all others of its host: the machines of one are never another's to adopt or to end. A path does not do that
/// alone, as there may be another installation with the same in a mount namespace of its own that shares cgroups and network with this one. So
/// an id is drawn at the first start and stays with the state.
///
/// @param place six digits by the path of the state
/// @param id six digits that no other installation has; empty for one that has none: it never ran, or first ran when there were no ids
record Installation(String place, String id) {
    private static final String PREFIX = "hypernetes-";

    /// That of these places as it is now.
    static Installation of(Places places) {
        try {
            Path file = file(places);
            String id = Files.exists(file) ? Files.readString(file, StandardCharsets.US_ASCII).strip() : "";
            if (!id.matches("([0-9a-f]{6})?")) {
                throw new UsageException("the id of this node's installation in " + file + " is damaged: '" + id
                        + "'. Its running machines are found by it; see the names of the cgroups " + PREFIX + six(places.state().toString()) + "-*");
            }
            return new Installation(six(places.state().toString()), id);
        } catch (IOException e) {
            throw new UsageException("reading the id of this node's installation: " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    /// That of these places, which gets its id when it is about to run for the first time.
    static Installation begun(Places places, RandomGenerator random) throws IOException {
        Path file = file(places);
        // A journal without an id is of a time without ids, and so are the names of what it knows.
        if (!Files.exists(file) && !Files.exists(places.nodeState().resolve("journal"))) {
            byte[] drawn = new byte[3];
            random.nextBytes(drawn);
            Files.createDirectories(places.nodeState());
            Path draft = file.resolveSibling("installation.new");
            try (FileChannel channel = FileChannel.open(draft, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.wrap(HexFormat.of().formatHex(drawn).getBytes(StandardCharsets.US_ASCII)));
                channel.force(true);
            }
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            // Before there is a journal: one without an id is taken for older than ids.
            Descriptors.syncFolder(places.nodeState());
        }
        return of(places);
    }

    private static Path file(Places places) {
        return places.nodeState().resolve("installation");
    }

    /// Below which each of its machines has a cgroup.
    String cgroup() {
        return id.isEmpty() ? PREFIX + place : PREFIX + place + "-" + id;
    }

    /// Whether that cgroup is one of an installation with the same path, this or another.
    boolean isOfSamePlace(String cgroup) {
        return cgroup.equals(PREFIX + place) || cgroup.startsWith(PREFIX + place + "-");
    }

    /// Six digits for names of devices.
    String mark() {
        return id.isEmpty() ? place : six(place + id);
    }

    private static String six(String text) {
        CRC32 crc = new CRC32();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return String.format("%06x", crc.getValue() & 0xffffff);
    }
}
