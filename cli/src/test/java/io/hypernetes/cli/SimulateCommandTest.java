package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SimulateCommandTest {
    @Test
    void taintsAreReadAsTheyAreWritten() {
        assertThat(SimulateCommand.Nodes.taint("pool=test:NoSchedule"))
                .satisfies(taint -> assertThat(taint.getKey() + " " + taint.getValue() + " " + taint.getEffect()).isEqualTo("pool test NoSchedule"));
        assertThat(SimulateCommand.Nodes.taint("pool:NoExecute").getValue()).isNull();
        assertThatThrownBy(() -> SimulateCommand.Nodes.taint("pool=test:Never"))
                .isInstanceOf(UsageException.class).hasMessageStartingWith("--taint pool=test:Never: a taint is KEY=VALUE:EFFECT or KEY:EFFECT");
    }
}
