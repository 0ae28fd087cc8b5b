package io.hypernetes.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConsoleTailTest {
    @Test
    void theReasonOfAPanicIsNotLostBehindItsStack() {
        String text = "Booting\n[ 4.1] Kernel panic - not syncing: no init\n\n[ 4.2] Call Trace:\n[ 4.3] RSP: 1\n[ 4.4] ---[ end ]---\n";
        assertThat(ConsoleTail.last(text, 2)).isEqualTo("[ 4.1] Kernel panic - not syncing: no init | … | [ 4.3] RSP: 1 | [ 4.4] ---[ end ]---");
        assertThat(ConsoleTail.last(text, 4)).isEqualTo("[ 4.1] Kernel panic - not syncing: no init | [ 4.2] Call Trace: | [ 4.3] RSP: 1 | [ 4.4] ---[ end ]---");
        assertThat(ConsoleTail.last("one\ntwo\n", 1)).isEqualTo("two");
        assertThat(ConsoleTail.last("", 3)).isEmpty();
    }
}
