package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PulledImagesTest {
    private static final String NAME = "registry.example/private:1";

    @TempDir
    Path folder;

    /// What is on the node: ids by full names.
    private final Map<String, String> here = new HashMap<>();
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private PulledImages images;

    private PulledImages kubelet(String life) {
        images = new PulledImages(folder, () -> now, life);
        return images;
    }

    private boolean mayUse(String tenant, String id) {
        return images.mayUse(() -> tenant, id, this::find);
    }

    private Optional<String> find(String reference) {
        return Optional.ofNullable(here.get(reference));
    }

    private PullIntents.Intent begins(String tenant, String reference) {
        return images.begins(tenant, reference, () -> Set.copyOf(here.values()), this::find).orElseThrow();
    }

    private void pull(String tenant, String reference, String id) {
        PullIntents.Intent pull = begins(tenant, reference);
        here.put(reference, id);
        images.pulled(pull, id);
    }

    private int files() {
        String[] names = folder.toFile().list();
        return names == null ? 0 : names.length;
    }

    @Test
    void whatWasLoadedIsForAllAndWhatWasPulledWithCredentialsForWhoPulledIt() {
        kubelet("one");
        assertThat(mayUse("red", "sha256:p")).isTrue();
        pull("blue", NAME, "sha256:p");
        assertThat(mayUse("blue", "sha256:p")).isTrue();
        assertThat(mayUse("red", "sha256:p")).isFalse();
        assertThat(mayUse("red", "sha256:other")).isTrue();
        pull("red", NAME, "sha256:p");
        assertThat(mayUse("red", "sha256:p")).isTrue();
        assertThat(mayUse("green", "sha256:p")).isFalse();
        images.pulledByAnybody("sha256:p");
        assertThat(mayUse("green", "sha256:p")).isTrue();
    }

    @Test
    void aPullThatADeathInterruptsLeavesNoImageForAll() {
        kubelet("one");
        begins("blue", NAME);
        kubelet("two");
        assertThat(mayUse("red", "sha256:p")).isTrue();
        here.put(NAME, "sha256:p");
        assertThat(mayUse("red", "sha256:p")).isFalse();
        here.clear();
        assertThat(mayUse("red", "sha256:p")).isFalse();
        assertThat(files()).as("nothing is left but what is private").isEqualTo(1);
    }

    /// Whoever invents a secret says when a pull begins, of what, and that it fails.
    @Test
    void aPullThatFailsTakesNoImageFromAnybody() {
        kubelet("one");
        images.failed(begins("red", NAME));
        here.put(NAME, "sha256:loaded");
        assertThat(mayUse("blue", "sha256:loaded")).isTrue();
        here.put("registry.example/base:1", "sha256:base");
        PullIntents.Intent pull = begins("red", "registry.example/base:1");
        assertThat(mayUse("blue", "sha256:base")).as("while it is tried").isTrue();
        images.failed(pull);
        assertThat(mayUse("blue", "sha256:base")).isTrue();
        begins("red", "registry.example/base:1");
        kubelet("two");
        assertThat(mayUse("blue", "sha256:base")).as("after a death in the middle").isTrue();
        images.givenUp(begins("red", "registry.example/base:1"));
        assertThat(mayUse("blue", "sha256:base")).isTrue();
        now = now.plus(PullIntents.TAIL);
        assertThat(mayUse("blue", "sha256:base")).isTrue();
        assertThat(files()).isZero();
    }

    /// Anybody can serve what all have, at a registry of their own.
    @Test
    void whatWasForAllStaysSoWhoeverServesItByAnotherName() {
        kubelet("one");
        here.put("registry.example/base:1", "sha256:base");
        pull("red", "evil.example/copy:1", "sha256:base");
        assertThat(mayUse("blue", "sha256:base")).isTrue();
        pull("blue", NAME, "sha256:p");
        pull("red", "evil.example/other:1", "sha256:p");
        assertThat(mayUse("green", "sha256:p")).as("and what was private stays private").isFalse();
    }

    @Test
    void whatComesByAPullThatNobodyWaitsForIsPrivateAndWhatIsLoadedLaterIsNot() {
        kubelet("one");
        images.givenUp(begins("blue", NAME));
        assertThat(mayUse("red", "sha256:p")).isTrue();
        here.put(NAME, "sha256:p");
        assertThat(mayUse("red", "sha256:p")).isFalse();
        images.givenUp(begins("red", "registry.example/base:1"));
        now = now.plus(PullIntents.TAIL);
        assertThat(mayUse("red", "sha256:x")).isTrue();
        here.put("registry.example/base:1", "sha256:base");
        assertThat(mayUse("blue", "sha256:base")).isTrue();
    }

    @Test
    void whatIsJustComingIsNobodysElseUntilThePullHasEnded() {
        kubelet("one");
        PullIntents.Intent blue = begins("blue", NAME);
        PullIntents.Intent red = begins("red", NAME);
        here.put(NAME, "sha256:p");
        assertThat(mayUse("red", "sha256:p")).isFalse();
        images.failed(red);
        assertThat(mayUse("red", "sha256:p")).as("the end of one pull is not that of the other").isFalse();
        images.failed(blue);
        assertThat(mayUse("red", "sha256:p")).as("so it was loaded").isTrue();
    }

    @Test
    void aTenantHasSoManyPullsWithoutAnEndAndTakesNoneFromOthers() {
        kubelet("one");
        for (int i = 0; i < PullIntents.MOST_OF_TENANT; i++) {
            images.givenUp(begins("red", "registry.example/none:" + i));
        }
        assertThat(images.begins("red", NAME, Set::of, this::find)).isEmpty();
        assertThat(images.begins("blue", NAME, Set::of, this::find)).isPresent();
        now = now.plus(PullIntents.TAIL);
        assertThat(images.begins("red", NAME, Set::of, this::find)).isPresent();
        assertThat(files()).isEqualTo(2);
    }

    @Test
    void whatIsNotedOfAnImageGoesWithIt() throws Exception {
        kubelet("one");
        images.forgetAllBut(Set::of);
        pull("blue", NAME, "sha256:p");
        images.pulledByAnybody("sha256:q");
        images.forgetAllBut(() -> Set.of("sha256:p", "sha256:q"));
        assertThat(mayUse("red", "sha256:p")).isFalse();
        begins("blue", "registry.example/other:1");
        images.forgetAllBut(() -> Set.of("sha256:p"));
        assertThat(mayUse("red", "sha256:p")).isFalse();
        assertThat(files()).isEqualTo(3);
        Files.writeString(folder.resolve("intent-of-an-earlier-version"), "registry.example/base:1");
        images.forgetAllBut(Set::of);
        // What is under way is not forgotten.
        assertThat(files()).isEqualTo(1);
    }

    @Test
    void fullNamesCanBeTakenForNoId() {
        assertThat(ImageNames.full("sha256:0f00")).isEqualTo("docker.io/library/sha256:0f00");
        assertThat(ImageNames.full("0f00")).isEqualTo("docker.io/library/0f00:latest");
        assertThat(ImageNames.full("docker.io/app")).isEqualTo("docker.io/library/app:latest");
        assertThat(ImageNames.full("team/app:1")).isEqualTo("docker.io/team/app:1");
        assertThat(ImageNames.full("localhost:5000/app")).isEqualTo("localhost:5000/app:latest");
        assertThat(ImageNames.full("registry.example/app:1@sha256:ab")).isEqualTo("registry.example/app:1@sha256:ab");
    }
}
