package io.hypernetes.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HostNameserversTest {
    @Test
    void nameserversOnLoopbackAreOfNoUseToPods() {
        assertThat(HostNameservers.read("# c\nnameserver 127.0.0.53\nnameserver ::1\nnameserver  10.1.2.3\nsearch x\nnameserver 8.8.8.8"))
                .containsExactly("10.1.2.3", "8.8.8.8");
    }
}
