package io.hypernetes.apiserver.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cel.common.values.NullValue;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.kind.Kinds;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// What a request's policies make of it is bounded, however many there are and however long they are.
class VerdictTest {
    private final List<String> told = new ArrayList<>();
    private final Verdict.Findings findings = new Verdict.Findings();
    private final Attempt attempt = new Attempt(
            "blue",
            new Caller("blue", "ida", List.of(), "", Map.of()),
            Kinds.load().get("v1", "ConfigMap"),
            null,
            "CREATE",
            "default",
            "c",
            "",
            false,
            null,
            AttemptTest.NONE,
            _ -> {},
            (key, value) -> told.add(key + "=" + value));

    private Verdict verdict(ObjectNode policy, String... actions) {
        return new Verdict(PolicyHead.of(policy), "bound", Json.readObject("{\"actions\":[\"" + String.join("\",\"", actions) + "\"]}").path("actions"), attempt, findings);
    }

    private ApiStatus denial() {
        return Objects.requireNonNull(findings.denial());
    }

    private static ObjectNode policy(String expression, int times) {
        var policy = Json.readObject("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"validations\":[]}}");
        for (int i = 0; i < times; i++) {
            policy.withArray("/spec/validations").addObject().put("expression", expression);
        }
        return policy;
    }

    private void judge(ObjectNode policy, Budget budget, ValidatingPolicies.Notes notes) {
        ValidatingPolicy.of(policy).judge(Map.of("object", NullValue.NULL_VALUE), budget, verdict(policy, "Deny", "Audit"), notes);
    }

    @Test
    void theFirstDenialIsKeptAndNothingIsMadeOfTheOthers() {
        var verdict = verdict(policy("false", 1), "Deny", "Audit");
        verdict.denied(3, "", "one");
        var first = denial();
        verdict.denied(4, "", "two");
        verdict.failed("three");
        verdict.unsaid("four");
        assertThat(denial()).isSameAs(first);
        assertThat(first.message()).endsWith("denied request: one");
        assertThat(told).singleElement().asString().contains("one").contains("\"expressionIndex\":3");
    }

    @Test
    void ofALongExpressionTheBeginningIsTold() {
        judge(policy("'" + "x".repeat(60_000) + "' == ''", 1), new Budget(Budget.REQUEST), new ValidatingPolicies.Notes());
        assertThat(denial().message()).contains("failed expression: 'xxx").endsWith("x...").hasSizeLessThan(1000);
    }

    @Test
    void ofALongExpressionThatFailsTheBeginningIsTold() {
        judge(policy("'" + "x".repeat(60_000) + "' == '' || object.nothing == 1", 1), new Budget(Budget.REQUEST), new ValidatingPolicies.Notes());
        assertThat(denial().message()).contains("expression ''xxx").contains("x...' resulted in error: ").hasSizeLessThan(1500);
    }

    @Test
    void whenNothingIsLeftThatIsSaidOnce() {
        judge(policy("object == null", 5), new Budget(0), new ValidatingPolicies.Notes());
        assertThat(denial().message()).endsWith(Budget.SPENT);
        assertThat(told).hasSize(1);
    }

    @Test
    void notesStopWhereARequestHasNoRoomForMore() {
        var notes = new ValidatingPolicies.Notes();
        for (int i = 0; i < 100; i++) {
            notes.add("p", "key", i + "-" + "x".repeat(5_000));
            notes.add("p", "other", "y".repeat(2_000));
        }
        var values = new LinkedHashMap<String, String>();
        notes.tell(values::put);
        assertThat(values.get("p/key")).startsWith("0-xx").contains("x, 1-xx").hasSizeLessThan(16 << 10);
        assertThat(values.get("p/other")).isEqualTo("y".repeat(2_000));
    }

    @Test
    void aNoteIsNotCutInTheMiddleOfACharacter() {
        var notes = new ValidatingPolicies.Notes();
        notes.add("p", "key", "x".repeat((10 << 10) - 1) + "\uD83D\uDE00");
        notes.tell((_, value) -> assertThat(value).isEqualTo("x".repeat((10 << 10) - 1)));
    }
}
