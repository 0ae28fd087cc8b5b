package io.hypernetes.objects.selector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.selector.LabelSelector.Operator;
import io.hypernetes.objects.selector.LabelSelector.Requirement;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectorsTest {
    private static final Map<String, String> LABELS = Map.of("app", "web", "tier", "front", "rank", "7", "empty", "");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "app=web|true", "app==web|true", "app!=web|false", "app=db|false", "nope!=x|true", "app|true", "!app|false",
                "!nope|true", "nope|false", "app in (web, db)|true", "app notin (db)|true", "nope notin (db)|true",
                "app in (db)|false", "app=web,tier=front|true", "app=web , tier in ( back )|false", "rank>6|true", "rank>7|false",
                "rank<8|true", "app>1|false", "empty=|true", "app=|false", "empty in (,x)|true", "in in (a)|false"
            })
    void labelsMatch(String text, boolean matches) {
        assertThat(LabelSelector.parse(text).matches(LABELS)).isEqualTo(matches);
    }

    @Test
    void nothingSelectsEverything() {
        assertThat(LabelSelector.parse("").isEverything()).isTrue();
        assertThat(LabelSelector.parse("  ").matches(Map.of())).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"app=web,", ",", "app in web", "app in (", "app in (web", "app ~ web", "=web", "!", "app=a b", "a/b/c=d",
        "rank>x", "app=-bad-", "app in (web))", "app==="})
    void badLabelSelectors(String text) {
        assertThatThrownBy(() -> LabelSelector.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    /// As `Parse` of apimachinery's `pkg/labels/selector.go`.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                ",|found ',', expected: !, identifier, or 'end of string'",
                "app=web,|found '', expected: identifier after ','",
                "app=a b|found 'b', expected: ',' or 'end of string'",
                "app in web|unable to parse requirement: found 'web' expected: '('",
                "app in (web|unable to parse requirement: found '', expected: ',' or ')'",
                "app ~ web|unable to parse requirement: found '~', expected: in, notin, =, ==, !=, gt, lt",
                "!|unable to parse requirement: found '', expected: identifier",
                "rank>x|unable to parse requirement: values[0]: Invalid value: ''x'': for 'Gt', 'Lt' operators, the value must be an integer"
            })
    void whatIsWrongIsSaidAsUpstreamSaysIt(String text, String why) {
        assertThatThrownBy(() -> LabelSelector.parse(text)).hasMessage(why.replace("''x''", "\"x\""));
    }

    @Test
    void objectsAreSelectorsToo() {
        LabelSelector selector = LabelSelector.of(Json.readObject(
                "{\"matchLabels\":{\"app\":\"web\"},\"matchExpressions\":[{\"key\":\"tier\",\"operator\":\"In\",\"values\":[\"front\"]},"
                        + "{\"key\":\"nope\",\"operator\":\"DoesNotExist\"}]}"));
        assertThat(selector.matches(LABELS)).isTrue();
        assertThat(selector.toString()).isEqualTo("app=web,tier=front,!nope");
        assertThat(selector.matchesObject(Json.readObject("{\"metadata\":{\"labels\":{\"app\":\"web\"}}}"))).isFalse();
        assertThatThrownBy(() -> LabelSelector.of(Json.readObject("{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> LabelSelector.of(Json.readObject("{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Is\"}]}")))
                .hasMessageContaining("not a valid label selector operator");
    }

    @Property
    void theTextOfASelectorMeansTheSame(@ForAll("selectors") LabelSelector selector, @ForAll("labels") Map<String, String> labels) {
        LabelSelector read = LabelSelector.parse(selector.toString());
        assertThat(read.matches(labels)).isEqualTo(selector.matches(labels));
        assertThat(read.toString()).isEqualTo(selector.toString());
    }

    @Property
    void notinIsTheOppositeOfIn(@ForAll("labels") Map<String, String> labels) {
        boolean in = LabelSelector.parse("a in (x,y)").matches(labels);
        assertThat(LabelSelector.parse("a notin (x,y)").matches(labels)).isEqualTo(!in);
        assertThat(LabelSelector.parse("!a").matches(labels)).isEqualTo(!LabelSelector.parse("a").matches(labels));
    }

    @Property
    void fieldSelectorsRoundTrip(@ForAll("terms") List<FieldSelector.Term> terms) {
        FieldSelector selector = new FieldSelector(terms);
        assertThat(FieldSelector.parse(selector.toString())).isEqualTo(selector);
    }

    @Test
    void fieldsMatch() {
        Map<String, String> fields = Map.of("metadata.name", "web", "spec.nodeName", "");
        assertThat(FieldSelector.parse("metadata.name=web,spec.nodeName=").matches(fields)).isTrue();
        assertThat(FieldSelector.parse("metadata.name!=web").matches(fields)).isFalse();
        assertThat(FieldSelector.parse("spec.nodeName!=").matches(fields)).isFalse();
        assertThat(FieldSelector.parse("metadata.name==web").demanded("metadata.name")).isEqualTo("web");
        assertThatThrownBy(() -> FieldSelector.parse("metadata.name")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> FieldSelector.parse("a=b=c")).isInstanceOf(IllegalArgumentException.class);
    }

    @Provide
    Arbitrary<Map<String, String>> labels() {
        return Arbitraries.maps(Arbitraries.of("a", "b", "example.com/c"), values());
    }

    @Provide
    Arbitrary<LabelSelector> selectors() {
        Arbitrary<Requirement> requirement = Combinators.combine(
                        Arbitraries.of("a", "b", "example.com/c"), Arbitraries.of(Operator.values()), values().list().ofMinSize(1).ofMaxSize(3).uniqueElements())
                .as((key, operator, values) -> switch (operator) {
                    case EXISTS, NOT_EXISTS -> new Requirement(key, operator, List.of());
                    case GREATER, LESS -> new Requirement(key, operator, List.of("5"));
                    default -> new Requirement(key, operator, values);
                });
        return requirement.list().ofMaxSize(4).map(LabelSelector::new);
    }

    @Provide
    Arbitrary<List<FieldSelector.Term>> terms() {
        return Combinators.combine(
                        Arbitraries.of("metadata.name", "spec.nodeName"),
                        Arbitraries.of(true, false),
                        Arbitraries.strings().withChars("ab\\,=! ").ofMaxLength(6))
                .as(FieldSelector.Term::new)
                .list()
                .ofMaxSize(4);
    }

    private static Arbitrary<String> values() {
        return Arbitraries.of("x", "y", "4", "6", "x-1_b.c", "");
    }
}
