package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class MachineSizesTest {
    private static final long MIB = 1 << 20;

    @Test
    void withoutLimits() {
        assertThat(MachineSizes.of(request(0, 0, 0, 0), false)).isEqualTo(new SandboxRecord.Size(2, 1024, 10L << 30));
        assertThat(MachineSizes.of(request(0, 0, 0, 0), true)).isEqualTo(new SandboxRecord.Size(1, 1024, 10L << 30));
    }

    /// Or the limit of one container would be more than there is, and so would what another one asked for.
    @Test
    void withoutALimitThereIsWhatIsKnownToBeNeeded() {
        assertThat(MachineSizes.of(new SandboxRequest.Demand(0, 0, 0, 0, 0, 64 * MIB), true).memoryMib()).isEqualTo(1024);
        assertThat(MachineSizes.of(new SandboxRequest.Demand(0, 0, 0, 0, 0, 4096 * MIB), true).memoryMib()).isEqualTo(8192);
        assertThat(MachineSizes.of(new SandboxRequest.Demand(64 * MIB, 0, 0, 0, 0, 4096 * MIB), true).memoryMib()).isEqualTo(128);
        assertThatThrownBy(() -> MachineSizes.of(new SandboxRequest.Demand(0, 0, 0, 0, 0, Long.MAX_VALUE), true)).hasMessageContaining("largest machine");
    }

    @Test
    void theSmallestClassThatHoldsLimitsAndGuest() {
        assertThat(MachineSizes.of(request(64 * MIB, 0, 0, 0), true).memoryMib()).isEqualTo(128);
        assertThat(MachineSizes.of(request(100 * MIB, 0, 0, 0), true).memoryMib()).isEqualTo(256);
        assertThat(MachineSizes.of(request(100 * MIB, 20 * MIB, 0, 0), true).memoryMib()).isEqualTo(128);
        assertThat(MachineSizes.of(request(100 * MIB, 30 * MIB, 0, 0), true).memoryMib()).isEqualTo(256);
        assertThat(MachineSizes.of(request(0, 0, 100_000, 0), true).vcpus()).isEqualTo(1);
        assertThat(MachineSizes.of(request(0, 0, 100_001, 0), true).vcpus()).isEqualTo(2);
        assertThat(MachineSizes.of(request(0, 0, 250_000, 0), true).vcpus()).isEqualTo(4);
        assertThat(MachineSizes.of(request(0, 0, 3_300_000, 0), true).vcpus()).isEqualTo(64);
        assertThat(MachineSizes.of(request(0, 0, Long.MAX_VALUE, 0), true).vcpus()).isEqualTo(64);
        assertThat(MachineSizes.of(request(0, 0, 1, 0), true).vcpus()).isEqualTo(1);
        assertThat(MachineSizes.of(request(0, 0, 0, 1), true).scratchBytes()).isEqualTo(16 * MIB);
    }

    @Test
    void tooMuchIsRefused() {
        assertThatThrownBy(() -> MachineSizes.of(request(Long.MAX_VALUE, 0, 0, 0), true)).hasMessageContaining("largest machine");
    }

    /// Which a kubelet is told as RESOURCE_EXHAUSTED, and takes back what it granted.
    @Test
    void moreThanTheMachineHasIsABoundThatWasReached() {
        SandboxRecord.Size machine = new SandboxRecord.Size(2, 128, 0);
        MachineSizes.checkWithin(machine, limits(200_000, 128 * MIB));
        MachineSizes.checkWithin(machine, limits(-1, -1));
        for (ContainerRecord.Resources more : List.of(limits(200_001, 0), limits(0, 128 * MIB + 1))) {
            assertThatThrownBy(() -> MachineSizes.checkWithin(machine, more)).isInstanceOfSatisfying(HyperdException.class,
                    refused -> assertThat(refused.kind()).isEqualTo(HyperdException.Kind.EXHAUSTED));
        }
    }

    @Test
    void aLimitThatIsNotNamedStaysAndOneBelowZeroIsNoneAnyMore() {
        assertThat(limits(50_000, MIB).with(limits(0, 2 * MIB))).isEqualTo(limits(50_000, 2 * MIB));
        assertThat(limits(50_000, MIB).with(limits(-1, -1))).isEqualTo(limits(0, 0));
    }

    @Property
    void alwaysEnoughAndNeverTwiceTooMuch(@ForAll @LongRange(min = 1, max = 1L << 38) long memory) {
        long size = MachineSizes.of(request(memory, 0, 0, 0), true).memoryMib() * MIB;
        long wanted = memory + MachineSizes.GUEST_COST_MIB * MIB;
        assertThat(size).isGreaterThanOrEqualTo(wanted);
        assertThat(size == MachineSizes.SMALLEST_MIB * MIB || size < 2 * wanted).isTrue();
    }

    @Test
    void amounts() {
        assertThat(Bytes.parse("")).isZero();
        assertThat(Bytes.parse("1500")).isEqualTo(1500);
        assertThat(Bytes.parse("64Mi")).isEqualTo(64 * MIB);
        assertThat(Bytes.parse("1.5G")).isEqualTo(1_500_000_000L);
        for (String wrong : List.of("x", "Mi", "-1", "1e9", "1Zi", "99999999999999999999999")) {
            assertThatThrownBy(() -> Bytes.parse(wrong)).as(wrong).isInstanceOf(NumberFormatException.class);
        }
    }

    private static ContainerRecord.Resources limits(long quota, long memory) {
        return new ContainerRecord.Resources(100_000, quota, 2, memory, 0, Map.of());
    }

    private static SandboxRequest.Demand request(long memory, long overhead, long quota, long scratch) {
        return new SandboxRequest.Demand(memory, overhead, quota, 100_000, scratch);
    }
}
