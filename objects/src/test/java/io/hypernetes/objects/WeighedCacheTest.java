package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WeighedCacheTest {
    private final WeighedCache<String, Integer> cache = new WeighedCache<>(100, 40);

    @Test
    void ofAnOwnerWhoHasTooMuchWhatWasNotUsedForLongestGoes() {
        cache.put("a", "1", 1, 20);
        cache.put("a", "2", 2, 20);
        cache.put("b", "1", 3, 20);
        assertThat(cache.get("a", "1")).isEqualTo(1);
        cache.put("a", "3", 4, 15);
        assertThat(cache.get("a", "2")).isNull();
        assertThat(cache.get("a", "1")).isEqualTo(1);
        assertThat(cache.get("a", "3")).isEqualTo(4);
        assertThat(cache.get("b", "1")).isEqualTo(3);
        assertThat(cache.weight()).isEqualTo(55);
    }

    @Test
    void whoHasMostGivesWhenAllHaveTooMuch() {
        for (var owner : new String[] {"a", "b", "c"}) {
            cache.put(owner, "1", 1, 10);
            cache.put(owner, "2", 2, 20);
        }
        cache.put("small", "1", 1, 5);
        cache.put("a", "3", 3, 10);
        assertThat(cache.weight()).isEqualTo(95);
        assertThat(cache.get("a", "1")).isNull();
        assertThat(cache.get("small", "1")).isEqualTo(1);
        assertThat(cache.get("b", "1")).isEqualTo(1);
    }

    @Test
    void whatIsReplacedOrTakenAwayOrTooHeavyWeighsNothing() {
        cache.put("a", "1", 1, 30);
        cache.put("a", "1", 2, 10);
        assertThat(cache.weight()).isEqualTo(10);
        cache.put("a", "1", 3, 41);
        assertThat(cache.get("a", "1")).isNull();
        assertThat(cache.weight()).isZero();
        cache.put("a", "2", 1, 40);
        cache.remove("a", "2");
        cache.remove("b", "2");
        assertThat(cache.weight()).isZero();
    }
}
