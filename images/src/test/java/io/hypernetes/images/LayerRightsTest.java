package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LayerRightsTest {
    private static final Claimant ONE = new Claimant("uid 1");
    private static final Claimant TWO = new Claimant("uid 2");

    private final LayerRights rights = new LayerRights();

    @Test
    void whoHasNoWholeImageIsForgotten() {
        rights.grant("base", ONE);
        rights.grant("base", TWO);
        rights.grant("app", ONE);
        rights.grant("failed", ONE);
        rights.grant("coming", TWO);
        rights.retain(List.of(List.of("base", "app")), "coming"::equals);
        assertThat(rights.of(Set.of("base", "app", "failed", "coming"))).isEqualTo(java.util.Map.of("base", List.of(ONE), "app", List.of(ONE), "coming", List.of(TWO)));
    }

    @Test
    void whatAnybodyMayReadIsNoSingleOnes() {
        rights.grant("base", ONE);
        rights.grant("base", Claimant.ANYBODY);
        rights.grant("base", TWO);
        rights.grant("app", ONE);
        rights.grant("own", Claimant.OPERATOR);
        assertThat(rights.of(Set.of("base", "app", "own"))).isEqualTo(java.util.Map.of("base", List.of(Claimant.ANYBODY), "app", List.of(ONE)));
        rights.retain(List.of(List.of("base", "app")), _ -> false);
        rights.retain(List.of(List.of("base", "app")), _ -> false);
        assertThat(rights.mayUse("base", ONE) && rights.mayUse("app", ONE)).isTrue();
        assertThat(rights.mayUse("app", TWO)).isFalse();
    }

    @Test
    void soManyAreKnownAndNoMore() {
        for (int i = 0; i <= LayerRights.MOST_READERS; i++) {
            rights.grant("base", new Claimant("uid " + i));
        }
        assertThat(rights.of(Set.of("base")).get("base")).hasSize(LayerRights.MOST_READERS).doesNotContain(new Claimant("uid 0"));
    }
}
