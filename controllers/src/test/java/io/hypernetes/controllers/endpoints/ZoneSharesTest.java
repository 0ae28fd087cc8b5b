package io.hypernetes.controllers.endpoints;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.controllers.endpoints.ZoneDues.Due;
import io.hypernetes.controllers.endpoints.ZoneShares.Refused;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// The cases of upstream's staging/src/k8s.io/endpointslice/topologycache (topologycache_test.go, utils_test.go), and what holds of any numbers.
class ZoneSharesTest {
    private static final String INSUFFICIENT = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes";

    private static Node node(String zone, String processors, String ready, String... labels) {
        NodeBuilder node = new NodeBuilder().withNewMetadata().withName("n").endMetadata().withNewStatus()
                .addToAllocatable("cpu", new Quantity(processors)).addNewCondition().withType("Ready").withStatus(ready).endCondition().endStatus();
        if (!zone.isEmpty()) {
            node.editMetadata().addToLabels(ZoneShares.ZONE, zone).endMetadata();
        }
        for (String label : labels) {
            node.editMetadata().addToLabels(label, "").endMetadata();
        }
        return node.build();
    }

    private static ZoneShares shares(double... values) {
        TreeMap<String, Double> shares = new TreeMap<>();
        for (double value : values) {
            shares.put("zone-" + (char) ('a' + shares.size()), value);
        }
        return new ZoneShares(shares);
    }

    private static ZoneDues wanting(double... values) {
        TreeMap<String, Due> dues = new TreeMap<>();
        shares(values).byZone().forEach((zone, wanted) -> dues.put(zone, new Due(0, 0, wanted)));
        return new ZoneDues(dues);
    }

    private static ZoneDues most(int... values) {
        TreeMap<String, Due> dues = new TreeMap<>();
        for (int value : values) {
            dues.put("zone-" + (char) ('a' + dues.size()), new Due(0, value, value));
        }
        return new ZoneDues(dues);
    }

    @Test
    void sharesAreThoseOfTheProcessorsOfNodesThatAreReady() {
        Node a = node("zone-a", "1000m", "True"), b = node("zone-b", "1", "True"), c = node("zone-c", "2", "True");
        assertThat(ZoneShares.of(List.of()).byZone()).isEmpty();
        assertThat(ZoneShares.of(List.of(a)).byZone()).isEmpty();
        assertThat(ZoneShares.of(List.of(a, a)).byZone()).as("one zone").isEmpty();
        assertThat(ZoneShares.of(List.of(a, b)).byZone()).isEqualTo(Map.of("zone-a", 0.5, "zone-b", 0.5));
        assertThat(ZoneShares.of(List.of(a, b, node("zone-b", "3500m", "False"))).byZone()).as("one is not ready").isEqualTo(Map.of("zone-a", 0.5, "zone-b", 0.5));
        assertThat(ZoneShares.of(List.of(a, a, b, node("", "1", "False"))).byZone()).isEqualTo(Map.of("zone-a", 2.0 / 3, "zone-b", 1.0 / 3));
        assertThat(ZoneShares.of(List.of(a, b, c, node("zone-c", "6", "True", "node-role.kubernetes.io/control-plane"))).byZone())
                .isEqualTo(Map.of("zone-a", 0.25, "zone-b", 0.25, "zone-c", 0.5));
        assertThat(ZoneShares.of(List.of(a, b, node("", "1", "True"))).byZone()).as("one does not say where it is").isEmpty();
        assertThat(ZoneShares.of(List.of(a, b, node("zone-c", "0", "True"))).byZone()).as("one is of no size").isEmpty();
        assertThat(ZoneShares.of(List.of(a, b, new NodeBuilder(c).withStatus(null).build())).byZone()).hasSize(2);
        assertThat(ZoneShares.of(List.of(node("zone-a", "1e9999", "True"), node("zone-b", "1e9999", "True"))).byZone())
                .as("lies are bounded").isEqualTo(Map.of("zone-a", 0.5, "zone-b", 0.5));
    }

    @Test
    void endpointsAreDividedUnlessSomebodyHadTooMuchToDo() {
        assertThat(shares().divide(10)).isEqualTo(new Refused(INSUFFICIENT));
        assertThat(shares(0.3, 0.4, 0.3).divide(2)).isEqualTo(new Refused("Insufficient number of endpoints (2 endpoints, 3 zones)"));
        assertThat(shares(0.25, 0.25, 0.25, 0.25).divide(5)).isEqualTo(
                new Refused("Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (5 endpoints, 4 zones)"));
        assertThat(shares(0.5, 0.5).divide(2)).isEqualTo(new ZoneDues(new TreeMap<>(Map.of("zone-a", new Due(1, 1, 1), "zone-b", new Due(1, 1, 1)))));
        assertThat(shares(0.2, 0.8).divide(2)).as("the larger zone must have both").isInstanceOf(Refused.class);
        assertThat(shares(0.35, 0.35, 0.30).divide(10)).isEqualTo(new ZoneDues(new TreeMap<>(Map.of(
                "zone-a", new Due(3, 4, 3.5), "zone-b", new Due(3, 4, 3.5), "zone-c", new Due(3, 4, 3)))));
    }

    @Test
    void tooFewForAZoneIsAnOverload() {
        assertThat(shares(0.5, 0.5).isOverloaded(Map.of())).isFalse();
        assertThat(shares().isOverloaded(Map.of("zone-a", 1))).as("nothing is known").isTrue();
        assertThat(shares(0.3, 0.4, 0.3).isOverloaded(Map.of("zone-a", 3, "zone-b", 4, "zone-c", 3))).isFalse();
        assertThat(shares(0.3, 0.4, 0.3).isOverloaded(Map.of("zone-a", 2, "zone-b", 5, "zone-c", 3))).isTrue();
        assertThat(shares(0.3, 0.4, 0.3).isOverloaded(Map.of("zone-b", 5, "zone-c", 5))).as("none").isTrue();
    }

    @Test
    void zonesGiveWhatTheyHaveTooMuch() {
        exchange(wanting(1.2, 1.1, 1.0), Map.of("zone-a", 1, "zone-b", 1, "zone-c", 1), Map.of(), Map.of());
        exchange(wanting(5.1, 5.1, 5.8), Map.of("zone-a", 16), Map.of("zone-a", 10), Map.of("zone-b", 5, "zone-c", 5));
        exchange(wanting(5.0, 5.6, 5.4), Map.of("zone-a", 16), Map.of("zone-a", 11), Map.of("zone-b", 6, "zone-c", 5));
        exchange(wanting(5.0, 5.6, 5.4), Map.of("zone-b", 8, "zone-c", 8), Map.of("zone-b", 2, "zone-c", 3), Map.of("zone-a", 5));
        exchange(wanting(5, 5, 5), Map.of("zone-a", 6, "zone-b", 6, "zone-c", 6), Map.of(), Map.of());
        exchange(wanting(5, 5), Map.of("elsewhere", 10), Map.of(), Map.of());
    }

    private static void exchange(ZoneDues dues, Map<String, Integer> now, Map<String, Integer> giving, Map<String, Integer> receiving) {
        ZoneDues.Exchange exchange = dues.exchange(now);
        assertThat(exchange.giving()).isEqualTo(giving);
        assertThat(exchange.receiving()).isEqualTo(receiving);
    }

    @Test
    void anEndpointGoesWhereOneIsLackingAndOnlyOnce() {
        ZoneDues.Exchange exchange = wanting(1, 1, 1).exchange(Map.of("zone-a", 3));
        assertThat(exchange.take("zone-b")).isNull();
        assertThat(exchange.take("zone-a")).isEqualTo("zone-b");
        assertThat(exchange.take("zone-a")).isEqualTo("zone-c");
        assertThat(exchange.take("zone-a")).isNull();
    }

    @Test
    void hintsOfASliceAreGoodWhileTheyLeaveEnoughForOthers() {
        assertThat(most().count(List.of(), Map.of())).isEmpty();
        assertThat(most(3).count(List.of(List.of("zone-a")), Map.of("zone-a", 1))).isEqualTo(Map.of("zone-a", 1));
        assertThat(most(3, 3).count(List.of(List.of("zone-a"), List.of("zone-b"), List.of("zone-b")), Map.of("zone-a", 1, "zone-b", 1)))
                .isEqualTo(Map.of("zone-a", 1, "zone-b", 2));
        assertThat(most(3).count(List.of(List.of("zone-z")), Map.of())).as("for a zone that there is not").isNull();
        assertThat(most(3).count(List.of(List.of("zone-a"), List.of()), Map.of())).as("one has none").isNull();
        assertThat(most(2).count(List.of(List.of("zone-a"), List.of("zone-a")), Map.of("zone-a", 1))).as("too many").isNull();
    }

    @Test
    void whatIsDueAddsUpAndExchangesAreFair() {
        Random random = new Random(20261130);
        for (int round = 0; round < 20_000; round++) {
            int zones = 2 + random.nextInt(5);
            double[] weights = random.doubles(zones, 1, 20).toArray();
            double sum = java.util.Arrays.stream(weights).sum();
            ZoneShares shares = shares(java.util.Arrays.stream(weights).map(weight -> weight / sum).toArray());
            int endpoints = random.nextInt(60);
            if (!(shares.divide(endpoints) instanceof ZoneDues dues)) {
                continue;
            }
            int least = dues.byZone().values().stream().mapToInt(Due::least).sum();
            assertThat(least).as("round %d", round).isLessThanOrEqualTo(endpoints);
            dues.byZone().forEach((zone, due) -> assertThat(due.most()).isEqualTo(due.least() + endpoints - least));
            Map<String, Integer> now = new HashMap<>();
            List<String> names = List.copyOf(dues.byZone().keySet());
            for (int i = 0; i < endpoints; i++) {
                now.merge(names.get(random.nextInt(zones)), 1, Integer::sum);
            }
            ZoneDues.Exchange exchange = dues.exchange(now);
            int given = exchange.giving().values().stream().mapToInt(Integer::intValue).sum();
            assertThat(exchange.receiving().values().stream().mapToInt(Integer::intValue).sum()).as("round %d", round).isEqualTo(given);
            assertThat(exchange.giving()).as("nobody does both").doesNotContainKeys(exchange.receiving().keySet().toArray(String[]::new));
            exchange.giving().forEach((zone, count) -> assertThat(count).isLessThanOrEqualTo(now.getOrDefault(zone, 0)));
            // Who gives keeps more than half an endpoint below its share at the worst, who receives gets no more above it.
            dues.byZone().forEach((zone, due) -> {
                double after = now.getOrDefault(zone, 0) - exchange.giving().getOrDefault(zone, 0) + exchange.receiving().getOrDefault(zone, 0);
                if (exchange.giving().containsKey(zone)) {
                    assertThat(after).isGreaterThanOrEqualTo(due.wanted() - 0.5 - 1e-9);
                }
                if (exchange.receiving().containsKey(zone)) {
                    assertThat(after).isLessThanOrEqualTo(due.wanted() + 0.5 + 1e-9);
                }
            });
        }
    }
}
