package io.hypernetes.proxy;

import static io.hypernetes.proxy.ServiceView.Hint.ELSEWHERE;
import static io.hypernetes.proxy.ServiceView.Hint.HERE;
import static io.hypernetes.proxy.ServiceView.Hint.NONE;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.proxy.ServiceView.Endpoint;
import io.hypernetes.proxy.ServiceView.Hint;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The cases of upstream's pkg/proxy/topology_test.go, and what holds of any endpoints.
class ChoiceTest {
    private static Endpoint endpoint(String name, Hint forNode, Hint forZone) {
        return new Endpoint(name, "", false, true, true, false, forNode, forZone, Map.of());
    }

    private static Endpoint state(String name, boolean local, boolean ready, boolean serving, boolean terminating) {
        return new Endpoint(name, "", local, ready, serving, terminating, NONE, NONE, Map.of());
    }

    private static List<String> anywhere(Endpoint... endpoints) {
        return Choice.anywhere(List.of(endpoints)).stream().map(Endpoint::address).toList();
    }

    private static List<String> onNode(Endpoint... endpoints) {
        return Choice.onNode(List.of(endpoints)).stream().map(Endpoint::address).toList();
    }

    @Test
    void hintsOfAZoneAreHeededWhenAllHaveThem() {
        assertThat(anywhere(endpoint("1", NONE, HERE), endpoint("2", NONE, ELSEWHERE), endpoint("3", NONE, HERE))).containsExactly("1", "3");
        assertThat(anywhere(endpoint("1", NONE, HERE), endpoint("2", NONE, NONE))).as("one has none").containsExactly("1", "2");
        assertThat(anywhere(endpoint("1", NONE, ELSEWHERE), endpoint("2", NONE, ELSEWHERE))).as("none for this zone, or a node of no zone").containsExactly("1", "2");
        assertThat(anywhere(endpoint("1", NONE, NONE), endpoint("2", NONE, NONE))).containsExactly("1", "2");
        assertThat(anywhere()).isEmpty();
    }

    @Test
    void hintsOfNodesComeFirstAndFallBackToZones() {
        assertThat(anywhere(endpoint("1", HERE, HERE), endpoint("2", ELSEWHERE, HERE))).containsExactly("1");
        assertThat(anywhere(endpoint("1", ELSEWHERE, ELSEWHERE), endpoint("2", ELSEWHERE, HERE))).as("none for this node").containsExactly("2");
        assertThat(anywhere(endpoint("1", HERE, ELSEWHERE), endpoint("2", NONE, HERE))).as("one has none for nodes").containsExactly("2");
        assertThat(anywhere(endpoint("1", ELSEWHERE, ELSEWHERE), endpoint("2", ELSEWHERE, NONE))).containsExactly("1", "2");
    }

    @Test
    void hintsOfWhatIsNotReadyAreOfNoInterest() {
        Endpoint unready = new Endpoint("3", "", false, false, false, false, HERE, HERE, Map.of());
        assertThat(anywhere(endpoint("1", NONE, NONE), unready)).containsExactly("1");
        assertThat(anywhere(endpoint("1", NONE, HERE), endpoint("2", NONE, ELSEWHERE), state("3", false, false, true, false))).containsExactly("1");
        Endpoint ending = new Endpoint("2", "", false, false, true, true, ELSEWHERE, ELSEWHERE, Map.of());
        assertThat(anywhere(unready, ending)).as("the last that ends serves wherever it is").containsExactly("2");
    }

    @Test
    void whatEndsServesWhenNobodyElseDoesHereAndAnywhereEachForItself() {
        Endpoint localEnding = state("1", true, false, true, true);
        Endpoint remote = state("2", false, true, true, false);
        assertThat(anywhere(localEnding, remote)).containsExactly("2");
        assertThat(onNode(localEnding, remote)).containsExactly("1");
        assertThat(onNode(remote)).isEmpty();
        assertThat(onNode(localEnding, state("3", true, true, true, false))).containsExactly("3");
        assertThat(onNode(state("4", true, false, false, true), state("5", true, false, true, false))).as("neither ready nor both serving and ending").isEmpty();
    }

    @Test
    void whoeverCanServeIsNeverLeftOutByHintsAlone() {
        Random random = new Random(20261130);
        for (int round = 0; round < 20_000; round++) {
            List<Endpoint> endpoints = new ArrayList<>();
            for (int i = random.nextInt(6); i > 0; i--) {
                Hint[] hints = Hint.values();
                endpoints.add(new Endpoint("e" + i, "", random.nextBoolean(), random.nextInt(3) > 0, random.nextBoolean(), random.nextBoolean(),
                        hints[random.nextInt(3)], hints[random.nextInt(3)], Map.of()));
            }
            List<Endpoint> ready = endpoints.stream().filter(Endpoint::ready).toList();
            List<Endpoint> chosen = Choice.anywhere(endpoints);
            assertThat(endpoints).as("round %d", round).containsAll(chosen);
            if (ready.isEmpty()) {
                assertThat(chosen).as("round %d", round).allMatch(endpoint -> endpoint.serving() && endpoint.terminating());
                continue;
            }
            assertThat(chosen).as("round %d", round).isNotEmpty().allMatch(Endpoint::ready);
            if (chosen.size() < ready.size()) {
                boolean byNode = ready.stream().noneMatch(endpoint -> endpoint.forNode() == NONE) && chosen.stream().allMatch(endpoint -> endpoint.forNode() == HERE);
                boolean byZone = ready.stream().noneMatch(endpoint -> endpoint.forZone() == NONE) && chosen.stream().allMatch(endpoint -> endpoint.forZone() == HERE);
                assertThat(byNode || byZone).as("round %d: %s of %s", round, chosen, endpoints).isTrue();
            }
        }
    }
}
