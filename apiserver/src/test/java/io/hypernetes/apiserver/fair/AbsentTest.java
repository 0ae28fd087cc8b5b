package io.hypernetes.apiserver.fair;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AbsentTest {
    @Test
    void memoryIsBoundedForATenantAndForAll() {
        Absent absent = new Absent(new Absent.Limits(10, 10, 100, 150));
        assertThat(absent.goes("a", "u", 90)).isTrue();
        assertThat(absent.goes("a", "u", 20)).as("more than a tenant may").isFalse();
        assertThat(absent.goes("b", "u", 90)).as("one of each may, whatever it holds").isTrue();
        assertThat(absent.goes("b", "u", 5)).as("more than all may").isFalse();
        absent.returns("a", "u", 90);
        assertThat(absent.goes("b", "u", 5)).isTrue();
    }
}
