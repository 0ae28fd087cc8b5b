package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PulledImagesTest {
    private static final Function<String, Optional<String>> HERE = reference -> Optional.ofNullable(Map.of("private:1", "sha256:p").get(reference));
    private static final Function<String, Optional<String>> NOTHING = reference -> Optional.empty();

    @TempDir
    Path folder;

    @Test
    void whatWasLoadedIsForAllAndWhatWasPulledWithCredentialsForWhoPulledIt() {
        PulledImages images = new PulledImages(folder);
        assertThat(images.mayUse(() -> "red", "sha256:p", NOTHING)).isTrue();
        images.begins("private:1");
        images.pulled(() -> "blue", "private:1", "sha256:p", false);
        assertThat(images.mayUse(() -> "blue", "sha256:p", HERE)).isTrue();
        assertThat(images.mayUse(() -> "red", "sha256:p", HERE)).isFalse();
        assertThat(images.mayUse(() -> "red", "sha256:other", HERE)).isTrue();
        images.pulled(() -> "red", "private:1", "sha256:p", true);
        assertThat(images.mayUse(() -> "green", "sha256:p", HERE)).isTrue();
    }

    @Test
    void aPullThatADeathInterruptsLeavesNoImageForAll() {
        new PulledImages(folder).begins("private:1");
        PulledImages next = new PulledImages(folder);
        assertThat(next.mayUse(() -> "red", "sha256:p", NOTHING)).isTrue();
        assertThat(next.mayUse(() -> "red", "sha256:p", HERE)).isFalse();
        assertThat(next.mayUse(() -> "red", "sha256:p", NOTHING)).isFalse();
    }

    @Test
    void whatIsNotedOfAnImageGoesWithIt() {
        PulledImages images = new PulledImages(folder);
        images.forgetAllBut(Set::of);
        images.begins("private:1");
        images.pulled(() -> "blue", "private:1", "sha256:p", false);
        images.pulled(() -> "blue", "public:1", "sha256:q", true);
        images.forgetAllBut(() -> Set.of("sha256:p", "sha256:q"));
        assertThat(images.mayUse(() -> "red", "sha256:p", NOTHING)).isFalse();
        images.begins("other:1");
        images.forgetAllBut(() -> Set.of("sha256:p"));
        assertThat(images.mayUse(() -> "red", "sha256:p", NOTHING)).isFalse();
        assertThat(folder.toFile().list()).hasSize(3);
        images.forgetAllBut(Set::of);
        // What is under way is not forgotten.
        assertThat(folder.toFile().list()).hasSize(1);
    }
}
