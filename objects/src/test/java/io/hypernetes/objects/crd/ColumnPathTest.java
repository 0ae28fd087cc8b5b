package io.hypernetes.objects.crd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class ColumnPathTest {
    private static final JsonNode OBJECT = Json.readObject("""
            {"spec":{"size":3,"ratio":1.5,"names":["a","b","c"],"none":[],"nothing":null,"on":true},"metadata":{"labels":{"x.io/y":"1"}},
             "status":{"conditions":[{"type":"Ready","status":"True","n":1},{"type":"Other","status":"False","n":2,"message":"m"}],
              "mixed":[{"a":1},{"b":2}]}}""");

    /// What clients of upstream write, and what they see.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            .spec.size                                             | 3
            .spec.names                                            | ["a","b","c"]
            .spec.names[0]                                         | a
            .spec.names[-1]                                        | c
            .spec.names[-2:]                                       | b
            .spec.names[1:]                                        | b
            .spec.names[::2]                                       | a
            .spec.names[0:3:2]                                     | a
            .spec.names[*]                                         | a
            .spec.names[2,0]                                       | c
            .spec.*                                                | 3
            .spec['ratio','size']                                  | 1.5
            .spec..size                                            | 3
            ..status[?(@.n)].type                                  |
            .metadata.labels.x\\.io/y                              | 1
            .metadata.labels['x\\.io/y']                           | 1
            .status.conditions[-1:].type                           | Other
            .status.conditions[?(@.type=="Ready")].status          | True
            .status.conditions[?(@.type == "Ready")].status        | True
            .status.conditions[?(@.type!='Ready')].status          | False
            .status.conditions[?(@.type != 'Ready')].status        | False
            .status.conditions[?(@.n>1)].type                      | Other
            .status.conditions[?(@.n<=1)].type                     | Ready
            .status.conditions[?(@.message)].type                  | Other
            .status.conditions[?(@['type']=="Other")].n            | 2
            .spec.nothing                                          | null
            """)
    void thePathsOfColumnsAreFollowed(String path, String expected) {
        var value = ColumnPath.parse(path.strip()).first(OBJECT, new ColumnPath.Search(1, new TableRoom()));
        assertThat(value == null ? null : value.isString() ? value.stringValue() : Json.print(value)).as(path).isEqualTo(expected);
    }

    @Test
    void whereAPathMakesNoSenseThereIsNothing() {
        for (var path : List.of(
                ".spec.absent.at.all", ".spec.names[3]", ".spec.names[-4]", ".spec.none[-1:].x", ".spec.none[0]", ".spec.size[0]", ".spec.names[0:4]",
                ".spec.names[::-1]", ".spec.size[?(@.a)]", ".status.mixed[?(@.a==1)]", ".status.conditions[?(@.n==\"1\")]",
                ".status.conditions[?(@.n=1)]", ".spec.names['a.b']", ".metadata.labels['x.io/y']")) {
            assertThat(ColumnPath.parse(path).first(OBJECT, new ColumnPath.Search(1, new TableRoom()))).as(path).isNull();
        }
    }

    @Test
    void otherPathsAreRefused() {
        for (var path : List.of("spec", ".spec[", ".spec[a:b]", ".spec[\"a\"]", ".spec....a", ".spec[?(@.a]", ".a[?(@.n=~1)]", ".a[?(@.b==\"c)]", ".a" + ".b".repeat(60), ".a".repeat(9000),
                ".a[99999999999]")) {
            assertThatThrownBy(() -> ColumnPath.parse(path)).as(path).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void descentsInDescentsEnd() {
        var deep = Json.object();
        var at = deep;
        for (int i = 0; i < 100; i++) {
            at = at.putObject("a");
        }
        assertThat(ColumnPath.parse("..a" + "..a".repeat(20) + ".none").first(deep, new ColumnPath.Search(1, new TableRoom()))).isNull();
    }
}
