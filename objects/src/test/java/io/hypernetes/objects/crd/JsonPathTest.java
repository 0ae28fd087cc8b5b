package io.hypernetes.objects.crd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class JsonPathTest {
    private static final JsonNode OBJECT = Json.readObject(
            """
            {"spec":{"size":3,"names":["a","b"]},"metadata":{"labels":{"x.io/y":"1"}},
             "status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Other","status":"False"}]}}""");

    private static List<String> find(String path) {
        return JsonPath.parse(path).find(OBJECT).stream().map(node -> node.asString("")).toList();
    }

    @Test
    void thePathsOfColumnsAreFollowed() {
        assertThat(find(".spec.size")).containsExactly("3");
        assertThat(find("{.spec.names[0]}")).containsExactly("a");
        assertThat(find(".spec.names[-1]")).containsExactly("b");
        assertThat(find(".spec.names[*]")).containsExactly("a", "b");
        assertThat(find(".metadata.labels.x\\.io/y")).containsExactly("1");
        assertThat(find(".metadata.labels['x.io/y']")).containsExactly("1");
        assertThat(find(".status.conditions[?(@.type==\"Ready\")].status")).containsExactly("True");
        assertThat(find(".status.conditions[?(@.type != 'Ready')].status")).containsExactly("False");
        assertThat(find(".spec.nothing.at.all")).isEmpty();
    }

    @Test
    void otherPathsAreRefused() {
        for (var path : List.of("spec", ".spec[", ".spec[a:b]", ".", ".a..b", ".a" + ".b".repeat(60))) {
            assertThatThrownBy(() -> JsonPath.parse(path)).as(path).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> JsonPath.parse(".a[0]").names()).isInstanceOf(IllegalArgumentException.class);
    }
}
