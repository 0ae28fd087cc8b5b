package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What the statistic finds, and how often it errs, in generated times of requests: microseconds of a machine that becomes faster and has slow spells.
class ShiftTest {
    private static final int BLOCKS = 200;
    private static final int EXPERIMENTS = 200;
    private static final int INJECTED = 300;
    private static final int TOLERATED = 100;

    private final Random random = new Random(7);

    @Test
    void aDifferenceThatIsAlwaysTheSameIsFoundExactly() {
        assertThat(Shift.of(new long[] {10, 200, 35, 48}, new long[] {15, 205, 40, 53}, 3)).isEqualTo(new Shift(5, 5, 5));
    }

    @Test
    void theEstimateIsTheMedianOfAllMeansOfTwoDifferences() {
        // Differences 1, 4, 40; their means 1, 2, 4, 20, 22, 40.
        assertThat(Shift.of(new long[] {0, 0, 0}, new long[] {1, 4, 40}, 0.1).middle()).isEqualTo(20);
    }

    @Test
    void equalTimesRaiseNoAlarm() {
        var shifts = shifts(0, 3);
        assertThat(rate(shifts, shift -> shift.low() > TOLERATED)).isZero();
    }

    @Test
    void boundsAreWrongAsOftenAsTheySay() {
        // Once in 40 for each of the two at 1.96 deviations.
        var shifts = shifts(0, 1.96);
        assertThat(rate(shifts, shift -> shift.low() > 0)).isCloseTo(0.025, within(0.025));
        assertThat(rate(shifts, shift -> shift.high() < 0)).isCloseTo(0.025, within(0.025));
    }

    @Test
    void aDelayIsFoundAlthoughTimesDriftByMore() {
        assertThat(rate(shifts(INJECTED, 3), shift -> shift.low() > TOLERATED)).isGreaterThan(0.98);
    }

    @Test
    void equalTimesThatAreNotInterleavedSeemToDiffer() {
        var times = times(0);
        var first = Arrays.copyOf(times[0], BLOCKS / 2);
        var second = Arrays.copyOfRange(times[0], BLOCKS / 2, BLOCKS);
        assertThat(Shift.of(first, second, 3).high()).isLessThan(-TOLERATED);
    }

    private List<Shift> shifts(int delay, double z) {
        return IntStream.range(0, EXPERIMENTS).mapToObj(_ -> times(delay)).map(times -> Shift.of(times[0], times[1], z)).toList();
    }

    private static double rate(List<Shift> shifts, Predicate<Shift> alarm) {
        return (double) shifts.stream().filter(alarm).count() / shifts.size();
    }

    /// Medians of blocks: a machine that gets from 3 to 1.5 ms while its code is compiled, has spells of others' work, and stalls now and then.
    private long[][] times(int delay) {
        var times = new long[2][BLOCKS];
        for (int block = 0; block < BLOCKS; block++) {
            double usual = (1_500 + 1_500.0 * (BLOCKS - block) / BLOCKS) * (block / 20 % 3 == 0 ? 1.5 : 1);
            for (int side = 0; side < 2; side++) {
                double stall = random.nextInt(20) == 0 ? 10_000 * random.nextDouble() : 0;
                times[side][block] = (long) (usual * Math.exp(0.1 * random.nextGaussian()) + stall) + side * delay;
            }
        }
        return times;
    }
}
