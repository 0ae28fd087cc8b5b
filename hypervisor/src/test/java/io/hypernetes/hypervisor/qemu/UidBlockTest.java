package io.hypernetes.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.hypervisor.HypervisorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UidBlockTest {
    private static final int FIRST = 0x6ffe0000, TWO_BLOCKS = 2 * UidBlock.SIZE;

    @TempDir
    Path claims;

    private UidBlock claim(String owner) {
        return UidBlock.claim(claims, owner, FIRST, TWO_BLOCKS);
    }

    private static Set<Integer> all(UidBlock block) {
        Uids uids = block.uids(new Random(1));
        Set<Integer> all = new HashSet<>();
        for (int i = 0; i < UidBlock.SIZE; i++) {
            all.add(uids.take());
        }
        return all;
    }

    @Test
    void twoEnginesNeverHaveTheSameIds() {
        try (UidBlock one = claim("one"); UidBlock other = claim("other")) {
            assertThat(all(one)).hasSize(UidBlock.SIZE).doesNotContainAnyElementsOf(all(other));
            assertThatThrownBy(() -> claim("third")).isInstanceOf(HypervisorException.class).hasMessageContaining("all 2 blocks").hasMessageContaining(claims.toString());
        }
    }

    @Test
    void anEngineThatComesBackHasItsBlockAgain() {
        for (String owner : new String[] {"one", "other"}) {
            Set<Integer> before;
            try (UidBlock block = claim(owner)) {
                before = all(block);
            }
            try (UidBlock block = claim(owner)) {
                assertThat(all(block)).isEqualTo(before);
            }
        }
    }

    @Test
    void noOneGetsABlockInWhichMachinesLive() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        int uid;
        try (UidBlock block = claim("one")) {
            uid = block.uids(new Random()).take();
        }
        Process machine = new ProcessBuilder("setpriv", "--reuid", Integer.toString(uid), "--clear-groups", "sleep", "100").start();
        try {
            org.awaitility.Awaitility.await().until(() -> UidBlock.living().contains(uid));
            try (UidBlock other = claim("other")) {
                assertThat(all(other)).doesNotContain(uid);
                assertThatThrownBy(() -> claim("third")).isInstanceOf(HypervisorException.class);
            }
        } finally {
            machine.destroyForcibly().waitFor();
        }
    }
}
