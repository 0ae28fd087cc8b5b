package io.hypernetes.objects.crd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import org.junit.jupiter.api.Test;

class FaultsTest {
    private static Faults of(int many, String detail) {
        var faults = new Faults();
        for (int i = 0; i < many; i++) {
            faults.add(FieldError.required("spec", detail));
        }
        return faults;
    }

    @Test
    void nobodyReadsAThousand() {
        assertThat(of(99, "short").isFull()).isFalse();
        assertThat(of(1000, "short").isFull()).isTrue();
        assertThat(of(1000, "short").list()).hasSize(100);
    }

    @Test
    void longOnesAreFewer() {
        assertThat(of(1000, "x".repeat(400_000)).list()).hasSize(3);
        assertThat(of(1000, "x".repeat(4_000_000)).list()).hasSize(1);
    }
}
