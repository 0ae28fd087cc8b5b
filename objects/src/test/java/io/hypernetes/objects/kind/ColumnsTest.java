package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/// Every kind of Kubernetes that can be listed has upstream's columns, by name, type, format and priority.
class ColumnsTest {
    private static final Kinds KINDS = Kinds.load();
    /// Kubernetes itself has none of these: columns of Hypernetes' own, and of the metrics.
    private static final Set<String> OTHERS = Set.of("hypernetes.io/v1 Tenant", "metrics.k8s.io/v1beta1 NodeMetrics", "metrics.k8s.io/v1beta1 PodMetrics");

    private static Map<String, String> upstream() throws IOException {
        try (var in = Objects.requireNonNull(ColumnsTest.class.getResourceAsStream("columns.tsv"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().filter(line -> !line.startsWith("#")).map(line -> line.split("\t"))
                    .collect(Collectors.toMap(cells -> cells[0] + " " + cells[1], cells -> cells[2], (one, other) -> one, TreeMap::new));
        }
    }

    private static String shown(Column column) {
        return column.name() + (column.format().isEmpty() ? "" : column.format().equals("name") ? "~" : "~" + column.format())
                + (column.type().equals("string") ? "" : ":" + column.type()) + (column.priority() == 0 ? "" : "+".repeat(column.priority()));
    }

    @Test
    void columnsAreThoseOfUpstream() throws IOException {
        Map<String, String> upstream = upstream();
        Set<String> seen = new HashSet<>(OTHERS);
        SoftAssertions all = new SoftAssertions();
        for (Kind kind : KINDS.all()) {
            String name = kind.type().apiVersion() + " " + kind.type().kind();
            if (kind.type().verbs().contains("list") && seen.add(name)) {
                all.assertThat(kind.columns().stream().map(ColumnsTest::shown).collect(Collectors.joining("|"))).as(name).isEqualTo(upstream.get(name));
            }
        }
        all.assertThat(seen).containsAll(upstream.keySet());
        all.assertAll();
    }

    @Test
    void aScaleHasUpstreamsColumns() {
        assertThat(Scaling.LAYOUT.columns().stream().map(ColumnsTest::shown)).containsExactly("Name", "Desired:integer", "Available:integer", "Age");
    }
}
