package io.hypernetes.objects.crd;

import static io.hypernetes.objects.crd.Versions.listed;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/// What columns show of objects.
class CustomVersionColumnsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private static String cell(String type, String path, String object) {
        var version = CustomVersion.of(Json.readObject(
                "{\"name\":\"v1\",\"additionalPrinterColumns\":[{\"name\":\"C\",\"type\":\"%s\",\"jsonPath\":\"%s\"}]}".formatted(type, path)));
        return Json.print(version.cells(Json.readObject(object), NOW).getFirst());
    }

    private static CustomVersion columns(String path, int many) {
        return CustomVersion.of(Json.readObject("{\"name\":\"v1\",\"additionalPrinterColumns\":"
                + listed("{\"name\":\"C\",\"type\":\"string\",\"jsonPath\":\"" + path + "\"}", many) + "}"));
    }

    @Test
    void aColumnShowsTheFirstOfSeveralValues() {
        var object = "{\"spec\":{\"names\":[\"a\",\"b\"],\"size\":3,\"share\":1.5},\"status\":{\"at\":\"noon\",\"old\":\"2025-12-31T23:59:00Z\"}}";
        assertThat(cell("string", ".spec.names[*]", object)).isEqualTo("\"a\"");
        assertThat(cell("string", ".spec.names", object)).isEqualTo("\"[\\\"a\\\",\\\"b\\\"]\"");
        assertThat(cell("string", ".spec.size", object)).isEqualTo("\"3\"");
        assertThat(cell("integer", ".spec.share", object)).isEqualTo("1");
        assertThat(cell("integer", ".spec.names[0]", object)).isEqualTo("null");
        assertThat(cell("number", ".spec.share", object)).isEqualTo("1.5");
        assertThat(cell("date", ".status.old", object)).isEqualTo("\"60s\"");
        assertThat(cell("date", ".status.at", object)).isEqualTo("\"<invalid>\"");
        assertThat(cell("date", ".spec.size", object)).isEqualTo("null");
        assertThat(cell("date", ".status.missing", object)).isEqualTo("null");
    }

    private static long length(List<JsonNode> cells) {
        return cells.stream().mapToLong(cell -> cell.asString("").length()).sum();
    }

    /// One that looks at too much is empty, and those beside it are not.
    @Test
    void aGreedyColumnTakesNothingFromOthers() {
        var greedy = "{\"name\":\"G\",\"type\":\"string\",\"jsonPath\":\".spec..a..a..a..none\"}";
        var modest = "{\"name\":\"M\",\"type\":\"string\",\"jsonPath\":\".status.phase\"}";
        var version = CustomVersion.of(Json.readObject("{\"name\":\"v1\",\"additionalPrinterColumns\":[" + greedy + "," + modest + "]}"));
        var object = "{\"spec\":{\"list\":" + listed("{\"a\":{\"a\":{\"a\":1}}}", 5000) + "},\"status\":{\"phase\":\"Ready\"}}";
        assertThat(version.cells(Json.readObject(object), NOW)).extracting(Json::print).containsExactly("null", "\"Ready\"");
    }

    @Test
    void manyColumnsLookAtLessEach() {
        var version = columns(".spec.names[*]", 150);
        assertThat(version.cells(Json.readObject("{\"spec\":{\"names\":" + listed("\"a\"", 2000) + "}}"), NOW)).hasSize(150).noneMatch(cell -> cell.isString());
        assertThat(version.cells(Json.readObject("{\"spec\":{\"names\":[\"a\"]}}"), NOW)).allMatch(cell -> cell.isString());
    }

    @Test
    void moreColumnsThanAnybodyReadsAreLeftOut() {
        assertThat(columns(".spec.a", 5000).columns()).hasSize(200);
    }

    @Test
    void aRowIsNotLongerThanAnybodyReads() {
        var object = Json.readObject("{\"spec\":{\"a\":\"" + "x".repeat(1000) + "\",\"b\":\"\uD83D\uDE00\"}}");
        var cells = columns(".spec", 200).cells(object, NOW);
        assertThat(cells).hasSize(200);
        assertThat(length(cells)).isBetween(65_000L, 66_000L);
        assertThat(cells.getFirst().asString("")).startsWith("{\"a\":\"xxx").endsWith("}");
        assertThat(cells.getLast().isNull()).isTrue();
    }

    @Test
    @Timeout(60)
    void theRowsOfATableAreBoundedTogether() {
        var names = Json.readObject("{\"spec\":{\"names\":" + listed("\"" + "a".repeat(400) + "\"", 900) + "}}");
        var rows = columns(".spec.names[*]", 200).rows(NOW);
        long text = 0;
        int shown = 0;
        for (int i = 0; i < 5000; i++) {
            var cells = rows.apply(names);
            text += length(cells);
            shown += cells.stream().anyMatch(JsonNode::isString) ? 1 : 0;
        }
        assertThat(shown).as("of 5000 rows that look at 180,000 values each").isBetween(100, 120);
        var whole = columns(".spec", 200).rows(NOW);
        for (int i = 0; i < 5000; i++) {
            text += length(whole.apply(names));
        }
        assertThat(text).isLessThan(50_000_000);
    }
}
