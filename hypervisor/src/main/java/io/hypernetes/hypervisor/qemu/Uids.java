package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.HypervisorException;
import java.util.HashSet;
import java.util.Set;
import java.util.random.RandomGenerator;

/// Gives each machine a user id that no living process has: machines of an earlier engine are seen in /proc, and other engines have other
/// ids ([UidBlock]).
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
        Set<Integer> taken = UidBlock.living();
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
}
