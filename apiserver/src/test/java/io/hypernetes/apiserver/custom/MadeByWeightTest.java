package io.hypernetes.apiserver.custom;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MadeByWeightTest {
    private final MadeByWeight<String> made = new MadeByWeight<>(100, 40);

    private void put(String tenant, String key, long weight) {
        made.put(tenant, key, 1, weight, tenant + key);
    }

    private boolean has(String tenant, String key) {
        return (tenant + key).equals(made.get(tenant, key, 1));
    }

    @Test
    void whatWasMadeOfAnotherRevisionIsNotThere() {
        put("a", "x", 10);
        assertThat(has("a", "x")).isTrue();
        assertThat(made.get("a", "x", 2)).isNull();
        made.put("a", "x", 2, 10, "new");
        assertThat(made.get("a", "x", 2)).isEqualTo("new");
        made.remove("a", "x");
        assertThat(made.get("a", "x", 2)).isNull();
        assertThat(made.get("b", "x", 2)).isNull();
    }

    @Test
    void ofATenantThatHasTooMuchGoesWhatWasAskedForLeastLately() {
        put("a", "x", 15);
        put("a", "y", 15);
        assertThat(has("a", "x")).isTrue();
        put("a", "z", 15);
        assertThat(has("a", "y")).isFalse();
        assertThat(has("a", "x") && has("a", "z")).isTrue();
        put("a", "x", 30);
        assertThat(has("a", "x")).isTrue();
        assertThat(has("a", "z")).as("what is there in place of another counts alone").isFalse();
    }

    @Test
    void ofAllTogetherTheTenantThatHasMostGivesWay() {
        put("small", "x", 10);
        put("a", "x", 20);
        put("a", "y", 20);
        put("b", "x", 35);
        put("c", "x", 30);
        assertThat(has("a", "x")).isFalse();
        assertThat(has("small", "x") && has("a", "y") && has("b", "x") && has("c", "x")).isTrue();
    }

    @Test
    void whoMayHaveAllGivesWayToOthers() {
        var shared = new MadeByWeight<String>(100, 100);
        for (var key : List.of("v", "w", "x", "y", "z")) {
            shared.put("large", key, 1, 20, key);
        }
        assertThat(shared.get("large", "v", 1)).isEqualTo("v");
        for (var key : List.of("x", "y")) {
            shared.put("small", key, 1, 20, key);
        }
        assertThat(List.of("v", "w", "x", "y", "z")).filteredOn(key -> shared.get("large", key, 1) != null).containsExactly("v", "y", "z");
        assertThat(List.of("x", "y")).allMatch(key -> shared.get("small", key, 1) != null);
    }

    @Test
    void whatIsMoreThanATenantMayHaveIsNotHeld() {
        put("a", "x", 10);
        put("a", "y", 41);
        assertThat(has("a", "y")).isFalse();
        assertThat(has("a", "x")).isTrue();
    }
}
