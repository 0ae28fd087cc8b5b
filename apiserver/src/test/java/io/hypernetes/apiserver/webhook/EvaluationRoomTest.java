package io.hypernetes.apiserver.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.cel.AdmissionLanguage;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.ExpressionException;
import java.time.Duration;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class EvaluationRoomTest {
    private static final Map<String, Object> SURROUNDINGS = Map.of("object", Map.of("l", LongStream.range(0, 20_000).boxed().toList()));

    private static final String HEAVY = "object.l.map(i, i).size() == 20000";

    private final EvaluationRoom room = new EvaluationRoom(Duration.ofMillis(1));

    private static PolicyVariables evaluated(String text, Budget budget) {
        var variables = new PolicyVariables(Map.of(), SURROUNDINGS, budget);
        try {
            assertThat(variables.evaluate(AdmissionLanguage.compile(text))).isEqualTo(true);
            return variables;
        } catch (ExpressionException e) {
            variables.close();
            throw e;
        }
    }

    private PolicyVariables evaluated(String text, String tenant) {
        return evaluated(text, room.budget(tenant));
    }

    @Test
    void aTenantHasSoManyThatNeedMuchMemoryAndLeavesRoomToOthers() {
        try (var first = evaluated(HEAVY, "a");
                var second = evaluated(HEAVY, "a")) {
            assertThat(first).isNotEqualTo(second);
            for (var text : new String[] {HEAVY, HEAVY + " || true"}) {
                var refused = room.budget("a");
                assertThatThrownBy(() -> evaluated(text, refused)).isInstanceOf(ExpressionException.class).hasMessage(Budget.CROWDED);
                assertThat(refused.isSpent()).isTrue();
            }
            evaluated("object.l[7] == 7", "a").close();
            evaluated(HEAVY, "b").close();
        }
        evaluated(HEAVY, "a").close();
    }

    @Test
    void allTenantsHaveSoManyTogether() {
        try (var first = evaluated(HEAVY, "a");
                var second = evaluated(HEAVY, "b");
                var third = evaluated(HEAVY, "c");
                var fourth = evaluated(HEAVY, "d")) {
            assertThat(first).isNotIn(second, third, fourth);
            assertThatThrownBy(() -> evaluated(HEAVY, "e")).hasMessage(Budget.CROWDED);
        }
        evaluated(HEAVY, "e").close();
    }

    /// One after the other, by one request.
    @Test
    void whatIsClosedTakesNoRoom() {
        var budget = room.budget("a");
        for (int i = 0; i < 10; i++) {
            evaluated(HEAVY, budget).close();
        }
        try (var open = evaluated("true", budget)) {
            assertThatThrownBy(() -> evaluated("true", budget)).isInstanceOf(IllegalStateException.class);
            assertThat(open).isEmpty();
        }
    }
}
