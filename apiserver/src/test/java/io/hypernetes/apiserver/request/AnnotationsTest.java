package io.hypernetes.apiserver.request;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AnnotationsTest {
    private static final String VIOLATIONS = "pod-security.kubernetes.io/audit-violations";

    private final Annotations notes = new Annotations();

    @Test
    void whatOthersSayTakesNothingFromWhatTheServerSays() {
        for (int i = 0; i < 100; i++) {
            notes.add("policy" + i + "/key", "x".repeat(10_000));
        }
        notes.add(VIOLATIONS, "would violate");
        assertThat(notes.all()).containsEntry(VIOLATIONS, "would violate").containsEntry(Annotations.LEFT_OUT, "100");
        assertThat(notes.all().get("policy0/key")).endsWith("x…").hasSizeGreaterThan(8_000);
    }

    @Test
    void whatIsTooLongIsCutAndNotDropped() {
        notes.add(VIOLATIONS, "v".repeat(100_000));
        notes.add("validation.policy.admission.k8s.io/validation_failure", "f".repeat(100_000));
        notes.add("authorization.k8s.io/reason", "because");
        assertThat(notes.all().get(VIOLATIONS)).startsWith("vvv").endsWith("…").hasSizeGreaterThan(3_000);
        assertThat(notes.all().get("validation.policy.admission.k8s.io/validation_failure")).startsWith("fff").endsWith("…");
        assertThat(notes.all()).containsEntry("authorization.k8s.io/reason", "because").containsEntry(Annotations.LEFT_OUT, "2");
    }

    @Test
    void whatWasNotedFirstStays() {
        notes.add("a/b", "1");
        notes.add("a/b", "2");
        assertThat(notes.all()).hasSize(1).containsEntry("a/b", "1");
    }

    @Test
    void keysOfTheServerAreToldFromThoseOfOthers() {
        assertThat(Annotations.isReserved(VIOLATIONS)).isTrue();
        assertThat(Annotations.isReserved("mutation.webhook.admission.k8s.io/round_0_index_0")).isTrue();
        assertThat(Annotations.isReserved("hypernetes.io/tenant")).isTrue();
        assertThat(Annotations.isReserved("pod-security.kubernetes.io.example.com/x")).isFalse();
        assertThat(Annotations.isReserved("pod-security.kubernetes.io")).isFalse();
    }

    @Test
    void aCutLeavesNoHalfOfACharacter() {
        assertThat(Cut.to(4, "abcd")).isEqualTo("abcd");
        assertThat(Cut.to(4, "abcde")).isEqualTo("abcd…");
        assertThat(Cut.to(4, "abc\ud83d\ude00")).isEqualTo("abc…");
        assertThat(Cut.to(5, "abc\ud83d\ude00d")).isEqualTo("abc\ud83d\ude00…");
        assertThat(Cut.to(0, "\ud83d\ude00")).isEqualTo("…");
    }
}
