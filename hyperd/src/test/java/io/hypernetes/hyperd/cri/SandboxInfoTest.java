package io.hypernetes.hyperd.cri;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class SandboxInfoTest {
    @Test
    void theStepsTellHowTheMachineWasStarted() {
        assertThat(SandboxInfo.start(Set.of("network", "disk", "machine", "boot", "plan"))).isEqualTo("cold");
        assertThat(SandboxInfo.start(Set.of("network", "disk", "copy", "attach", "plan"))).isEqualTo("copy");
        assertThat(SandboxInfo.start(Set.of("copy", "disk-again", "machine", "boot"))).as("the copy failed").isEqualTo("cold");
        assertThat(SandboxInfo.start(Set.of())).as("not made yet").isEqualTo("cold");
    }
}
