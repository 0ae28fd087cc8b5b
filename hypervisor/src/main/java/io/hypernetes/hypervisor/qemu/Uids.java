package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.HypervisorException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/// Gives each machine a user id that no living process has, whoever started it: machines of an earlier engine and of another cluster on
/// the same host are seen in /proc.
final class Uids {
    private final int first;
    private final int count;
    private final RandomGenerator random;
    private final Set<Integer> given = new HashSet<>();

    Uids(int first, int count, RandomGenerator random) {
        this.first = first;
        this.count = count;
        this.random = random;
    }

    synchronized int take() {
        Set<Integer> taken = living();
        taken.addAll(given);
        int start = random.nextInt(count);
        for (int i = 0; i < count; i++) {
            int uid = first + (start + i) % count;
            if (!taken.contains(uid)) {
                given.add(uid);
                return uid;
            }
        }
        throw new HypervisorException("all " + count + " user ids from " + first + " on are in use; enlarge the range");
    }

    /// The id's process has ended, or is seen in /proc from now on.
    synchronized void giveBack(int uid) {
        given.remove(uid);
    }

    private Set<Integer> living() {
        Set<Integer> owners = new HashSet<>();
        try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
            for (Path entry : (Iterable<Path>) entries.filter(p -> Character.isDigit(p.getFileName().toString().charAt(0)))::iterator) {
                try {
                    owners.add((Integer) Files.getAttribute(entry, "unix:uid"));
                } catch (NoSuchFileException ended) {
                    continue;
                }
            }
            return owners;
        } catch (IOException failure) {
            throw new UncheckedIOException("looking for user ids in use", failure);
        }
    }
}
