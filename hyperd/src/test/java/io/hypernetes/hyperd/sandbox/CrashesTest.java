package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.MachineKind;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class CrashesTest {
    private static final long WINDOW = Duration.ofMinutes(30).toNanos();
    private static final TemplateKind KIND = TemplateKind.shared(new MachineKind(new GuestKernel("6.1", Path.of("/k"), Path.of("/i"), false), 1, 128));

    private final Crashes crashes = new Crashes();

    @Test
    void aTenantIsBarredByTheLastThreeOnly() {
        // As System.nanoTime may be.
        long begin = Long.MAX_VALUE - 10;
        crashes.add("acme", begin);
        crashes.add("acme", begin + WINDOW / 2);
        assertThat(crashes.bars("acme", begin + WINDOW / 2)).isFalse();
        crashes.add("acme", begin + WINDOW - 1);
        assertThat(crashes.bars("acme", begin + WINDOW - 1)).isTrue();
        assertThat(crashes.bars("globex", begin + WINDOW - 1)).isFalse();
        assertThat(crashes.bars("acme", begin + WINDOW)).isFalse();
        crashes.add("acme", begin + WINDOW);
        assertThat(crashes.bars("acme", begin + WINDOW)).isTrue();
    }

    @Test
    void pausesGrowToTenMinutesAndAreForgotten() {
        crashes.lost(KIND, 0);
        assertThat(crashes.pauseNanos(KIND, 0)).isZero();
        long now = 0;
        for (long seconds : new long[] {30, 60, 120, 240, 480, 600, 600, 600}) {
            crashes.lost(KIND, now);
            assertThat(crashes.pauseNanos(KIND, now)).isEqualTo(Duration.ofSeconds(seconds).toNanos());
            now += Duration.ofSeconds(seconds).toNanos();
            assertThat(crashes.pauseNanos(KIND, now)).isZero();
        }
        now += WINDOW;
        crashes.lost(KIND, now);
        assertThat(crashes.pauseNanos(KIND, now)).isZero();
    }
}
