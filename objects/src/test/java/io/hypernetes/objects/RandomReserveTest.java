package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RandomReserveTest {
    /// Gives what was not given before, and counts how often it was asked.
    private static final class Counting extends SecureRandom {
        private final AtomicInteger asked = new AtomicInteger();

        @Override
        public void nextBytes(byte[] bytes) {
            asked.incrementAndGet();
            super.nextBytes(bytes);
        }
    }

    @Test
    void noNumberIsGivenTwice() {
        var source = new Counting();
        var reserve = new RandomReserve(source);
        Set<Long> seen = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            assertThat(seen.add(reserve.nextLong())).isTrue();
        }
        // 512 of eight bytes in each block.
        assertThat(source.asked).hasValue(20);
    }

    @Test
    void threadsAtOnceGetDifferentOnes() {
        var reserve = new RandomReserve(new SecureRandom());
        Set<java.util.UUID> seen = ConcurrentHashMap.newKeySet();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int thread = 0; thread < 16; thread++) {
                threads.submit(() -> {
                    for (int i = 0; i < 1_000; i++) {
                        seen.add(reserve.uuid());
                    }
                });
            }
        }
        assertThat(seen).hasSize(16_000).allSatisfy(uuid -> {
            assertThat(uuid.version()).isEqualTo(4);
            assertThat(uuid.variant()).isEqualTo(2);
        });
    }

    @Test
    void everyBitIsThrown() {
        var reserve = new RandomReserve(new SecureRandom());
        int[] set = new int[Long.SIZE];
        for (int i = 0; i < 4_096; i++) {
            long number = reserve.nextLong();
            for (int bit = 0; bit < Long.SIZE; bit++) {
                set[bit] += (int) (number >>> bit & 1);
            }
        }
        // 2,048 expected with a deviation of 32: ten of them do not happen.
        for (int count : set) {
            assertThat(count).isBetween(2_048 - 320, 2_048 + 320);
        }
    }
}
