package io.hypernetes.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Informer;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.network.FairRoom;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class CopiesTest {
    private static final long MINUTE = Copies.LOOK_AGAIN.toNanos();

    private static EndpointSlice slice(String name, int endpoints) {
        return new EndpointSliceBuilder()
                .withNewMetadata().withNamespace("shop").withName(name).withLabels(Map.of("kubernetes.io/service-name", "web", "other", "x"))
                .withAnnotations(Map.of("note", "x".repeat(1000))).endMetadata()
                .withAddressType("IPv4")
                .addNewPort().withName("http").withProtocol("TCP").withPort(8080).withAppProtocol("h2c").endPort()
                .withEndpoints(IntStream.range(0, endpoints).mapToObj(i -> new EndpointBuilder()
                        .withAddresses("10.88.0." + i, "10.89.0." + i).withHostname("h" + i).withNodeName("here").withZone("east")
                        .withNewConditions().withReady(true).endConditions()
                        .withNewTargetRef().withKind("Pod").withName("web-" + i).endTargetRef()
                        .withNewHints().addNewForZone("east").endHints().build()).toList())
                .build();
    }

    @Test
    void whatIsKeptGivesTheSameView() {
        Service service = ViewsTest.service("web", "10.96.1.1").edit().editMetadata().addToAnnotations("note", "x").endMetadata()
                .editSpec().withType("LoadBalancer").addToSelector("a", "b").withExternalTrafficPolicy("Local").withHealthCheckNodePort(30_100).withSessionAffinity("ClientIP")
                .withNewSessionAffinityConfig().withNewClientIP(77).endSessionAffinityConfig().withLoadBalancerSourceRanges("10.0.0.0/8").endSpec().build();
        EndpointSlice slice = slice("web-1", 20);
        Place here = new Place("here", "east");
        ServiceView whole = Views.of(List.of(service), List.of(slice), here);
        Copies.trim(service);
        Copies.trim(slice);
        assertThat(Views.of(List.of(service), List.of(slice), here)).isEqualTo(whole);
        assertThat(service.getMetadata().getAnnotations()).isNull();
        assertThat(service.getSpec().getLoadBalancerSourceRanges()).isEmpty();
        Endpoint endpoint = slice.getEndpoints().getLast();
        assertThat(endpoint.getTargetRef()).isNull();
        assertThat(endpoint.getAddresses()).hasSize(1);
        assertThat(endpoint.getConditions()).isSameAs(slice.getEndpoints().getFirst().getConditions());
        EndpointSlice unread = slice("v6", 20).edit().withAddressType("IPv6").build();
        Copies.trim(unread);
        assertThat(unread.getEndpoints()).isEmpty();
    }

    /// A tenant may have stored more than a node's process has room for in objects, and others may have pods there too.
    @Test
    void aNodeKeepsNoMoreOfATenantThanItHasRoomForAndLooksAgainWhenThereIsSome() throws Exception {
        FairRoom room = new FairRoom(200, 100, 30);
        Copies copies = new Copies(room, 0);
        Copies others = new Copies(room, 0);
        try (FakeApi api = new FakeApi()) {
            Client client = api.client();
            for (int i = 0; i < 6; i++) {
                client.of(Kind.ENDPOINT_SLICE).create("acme", slice("web-" + i, 20));
            }
            try (Informer<EndpointSlice> slices = new Informer<>(client, Kind.ENDPOINT_SLICE, Scope.tenant("acme"), Selection.everything())
                    .trimmedBy(Copies::trim).onlyIf(copies::keeps).handler(new Informer.Handler<>() {
                        @Override
                        public void added(EndpointSlice object) {}

                        @Override
                        public void updated(EndpointSlice before, EndpointSlice now) {}

                        @Override
                        public void deleted(EndpointSlice last) {
                            copies.forget(last);
                        }
                    }).start()) {
                Awaitility.await().until(slices::synced);
                assertThat(slices.list()).hasSize(4); // of 24 units each
                assertThat(copies.isLacking()).isTrue();
                assertThat(copies.beginsAgain(MINUTE)).isFalse();
                assertThat(others.keeps(slice("others", 20))).isTrue();

                // One that grows beyond the room is not kept any longer.
                ObjectKey grown = new ObjectKey("acme", "shop", slices.list().getFirst().getMetadata().getName());
                client.of(Kind.ENDPOINT_SLICE).change(grown, null, now -> {
                    now.setEndpoints(slice("x", 90).getEndpoints());
                    return now;
                });
                Awaitility.await().until(() -> slices.get(grown).isEmpty());
                client.of(Kind.ENDPOINT_SLICE).delete(grown, Deletion.ordinary());
                for (ObjectKey each : slices.list().stream().limit(1).map(slices::key).toList()) {
                    client.of(Kind.ENDPOINT_SLICE).delete(each, Deletion.ordinary());
                    Awaitility.await().until(() -> slices.get(each).isEmpty());
                }
                assertThat(copies.beginsAgain(MINUTE - 1)).as("soon after it was read").isFalse();
                Awaitility.await().until(() -> copies.beginsAgain(MINUTE));
                slices.readAgain();
                Awaitility.await().until(() -> slices.list().size() == 4);
                assertThat(copies.isLacking()).isFalse();
                assertThat(copies.isWhole(2 * MINUTE - 1)).isFalse();
                assertThat(copies.isWhole(2 * MINUTE)).isTrue();
            }
        }
        copies.close();
        FairRoom.Share all = room.share();
        assertThat(all.tryTake(100)).as("what is given back").isTrue();
    }

    /// Others may take the room before it is read, and nobody hears of what is left out.
    @Test
    void whatIsLeftOutOnceMoreIsLookedForOnceMore() {
        FairRoom room = new FairRoom(100, 100, 30);
        Copies copies = new Copies(room, 0);
        Copies others = new Copies(room, 0);
        assertThat(others.keeps(slice("others", 90))).isTrue();
        assertThat(copies.keeps(slice("web", 50))).isFalse();
        others.forget(slice("others", 90));
        assertThat(copies.beginsAgain(MINUTE)).isTrue();
        assertThat(others.keeps(slice("others", 90))).isTrue();
        assertThat(copies.keeps(slice("web", 50))).isFalse();
        others.forget(slice("others", 90));
        assertThat(copies.isWhole(3 * MINUTE)).isFalse();
        assertThat(copies.beginsAgain(2 * MINUTE - 1)).isFalse();
        assertThat(copies.beginsAgain(2 * MINUTE)).isTrue();
        assertThat(copies.keeps(slice("web", 50))).isTrue();
        assertThat(copies.beginsAgain(9 * MINUTE)).isFalse();
        assertThat(copies.isWhole(9 * MINUTE)).isTrue();
    }
}
