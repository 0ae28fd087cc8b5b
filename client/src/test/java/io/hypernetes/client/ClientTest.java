package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ClientTest {
    private final FakeApi api = new FakeApi();
    private final Client client = api.client();

    @AfterEach
    void stop() {
        client.close();
        api.close();
    }

    private static ConfigMap configMap(String name, String value) {
        return new ConfigMapBuilder()
                .withNewMetadata().withNamespace("default").withName(name).endMetadata()
                .addToData("key", value)
                .build();
    }

    @Test
    void theSameNameInTwoTenantsIsTwoObjects() {
        Resources<ConfigMap> maps = client.of(Kind.CONFIG_MAP);
        maps.create("red", configMap("a", "1"));
        maps.create("blue", configMap("a", "2"));
        assertThat(maps.get(new ObjectKey("red", "default", "a")).getData()).containsEntry("key", "1");
        assertThat(maps.get(new ObjectKey("blue", "default", "a")).getData()).containsEntry("key", "2");
        assertThat(maps.find(new ObjectKey("green", "default", "a"))).isEmpty();
        assertThat(maps.list(Scope.everywhere(), Selection.everything()).items())
                .extracting(ObjectKey::of)
                .containsExactlyInAnyOrder(new ObjectKey("red", "default", "a"), new ObjectKey("blue", "default", "a"));
    }

    @Test
    void refusalsCarryTheStatus() {
        assertThatThrownBy(() -> client.of(Kind.POD).get(new ObjectKey("red", "default", "none")))
                .isInstanceOfSatisfying(ApiException.class, refused -> {
                    assertThat(refused.code()).isEqualTo(404);
                    assertThat(refused.reason()).isEqualTo("NotFound");
                    assertThat(refused).hasMessageContaining("\"none\" not found").hasMessageContaining("GET /tenants/red/");
                });
        client.of(Kind.CONFIG_MAP).create("red", configMap("a", "1"));
        assertThatThrownBy(() -> client.of(Kind.CONFIG_MAP).create("red", configMap("a", "1")))
                .isInstanceOfSatisfying(ApiException.class, refused -> {
                    assertThat(refused.isAlreadyExists()).isTrue();
                    assertThat(refused.isConflict()).isFalse();
                });
    }

    @Test
    void changeTriesAgainOnConflict() {
        client.of(Kind.CONFIG_MAP).create("red", configMap("a", "1"));
        api.failNext("PUT /tenants/red", 409, 3);
        ObjectKey key = new ObjectKey("red", "default", "a");
        client.of(Kind.CONFIG_MAP).change(key, null, map -> {
            map.getData().put("key", "2");
            return map;
        });
        assertThat(client.of(Kind.CONFIG_MAP).get(key).getData()).containsEntry("key", "2");
    }

    @Test
    void unknownFieldsAndGoValuesSurviveARoundTrip() {
        Pod pod = Json.MAPPER.readValue("""
                {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"n","creationTimestamp":null,"annotations":null},
                 "spec":{"notYetKnown":{"a":1},"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"100m","memory":"1Gi"}},
                 "livenessProbe":{"httpGet":{"port":"web"}},"ports":[{"containerPort":80}]}],
                 "volumes":[{"name":"v","configMap":{"name":"m","defaultMode":420}}]},"status":{}}""", Pod.class);
        assertThat(pod.getSpec().getContainers().getFirst().getResources().getRequests().get("cpu")).isEqualTo(new Quantity("100m"));
        String text = new String(Json.write(pod));
        assertThat(text).contains("\"notYetKnown\":{\"a\":1}", "\"port\":\"web\"", "\"cpu\":\"100m\"", "\"defaultMode\":420");
        assertThat(text).doesNotContain("null");
    }

    @Test
    void leaseTimesAreMicroTimes() {
        Lease lease = new LeaseBuilder().withNewMetadata().withName("n").withNamespace("x").endMetadata()
                .withNewSpec().withRenewTime(ZonedDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneOffset.UTC)).endSpec().build();
        assertThat(new String(Json.write(lease))).contains("2026-01-02T03:04:05.000000Z");
        assertThat(Json.MAPPER.readValue(Json.write(lease), Lease.class).getSpec().getRenewTime().toInstant())
                .isEqualTo(Instant.parse("2026-01-02T03:04:05Z"));
    }

    @Test
    void anInformerFollowsThroughBreaksAndCompaction() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        client.of(Kind.CONFIG_MAP).create("red", configMap("a", "1"));
        try (Informer<ConfigMap> informer = new Informer<>(client, Kind.CONFIG_MAP, Scope.everywhere(), Selection.everything())) {
            informer.handler(new Informer.Handler<>() {
                @Override
                public void added(ConfigMap object) {
                    heard.add("+" + ObjectKey.of(object));
                }

                @Override
                public void updated(ConfigMap before, ConfigMap now) {
                    heard.add("~" + now.getData().get("key"));
                }

                @Override
                public void deleted(ConfigMap last) {
                    heard.add("-" + ObjectKey.of(last));
                }
            });
            informer.start();
            assertThat(informer.awaitSynced(Duration.ofSeconds(60))).isTrue();
            assertThat(heard).containsExactly("+red/default/a");

            client.of(Kind.CONFIG_MAP).patch(new ObjectKey("red", "default", "a"), Patch.merge(Map.of("data", Map.of("key", "2"))));
            await().untilAsserted(() -> assertThat(heard).contains("~2"));

            api.breakWatches();
            client.of(Kind.CONFIG_MAP).create("blue", configMap("b", "1"));
            await().untilAsserted(() -> assertThat(heard).contains("+blue/default/b"));

            synchronized (api) {
                client.toString();
                api.remove(Kind.CONFIG_MAP, new ObjectKey("red", "default", "a"));
                api.compact();
            }
            await().untilAsserted(() -> assertThat(heard).contains("-red/default/a"));
            assertThat(informer.list()).hasSize(1);
            assertThat(heard).hasSize(4);
        }
    }

    @Test
    void repeatedEventsAreCountedAndSpamIsCut() {
        Pod pod = Json.MAPPER.readValue(
                "{\"metadata\":{\"name\":\"p\",\"namespace\":\"default\",\"uid\":\"u1\"}}", Pod.class);
        try (EventRecorder recorder = new EventRecorder(client, "kubelet", "node-1", InstantSource.system())) {
            for (int i = 0; i < 40; i++) {
                recorder.record("red", pod, "spec.containers{c}", EventRecorder.Type.WARNING, "BackOff", "Back-off restarting");
            }
            await().untilAsserted(() -> {
                List<Event> events = client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items();
                assertThat(events).singleElement().satisfies(event -> {
                    assertThat(event.getCount()).isEqualTo(25);
                    assertThat(event.getInvolvedObject().getKind()).isEqualTo("Pod");
                    assertThat(event.getInvolvedObject().getFieldPath()).isEqualTo("spec.containers{c}");
                    assertThat(event.getSource().getHost()).isEqualTo("node-1");
                });
            });
        }
    }

    /// A webhook of a tenant for events is asked about those of components too.
    @Test
    void eventsOfATenantWhoseWritesHangHoldUpNobodyElses() {
        Pod pod = Json.MAPPER.readValue("{\"metadata\":{\"name\":\"p\",\"namespace\":\"default\",\"uid\":\"u1\"}}", Pod.class);
        CountDownLatch over = new CountDownLatch(1);
        api.beforeAnswers(request -> {
            if (request.startsWith("POST /tenants/hangs-")) {
                try {
                    over.await();
                } catch (InterruptedException ended) {
                    Thread.currentThread().interrupt();
                }
            }
        });
        try (EventRecorder recorder = new EventRecorder(client, "kubelet", "node-1", InstantSource.system())) {
            for (int i = 0; i < 20; i++) {
                for (int j = 0; j < 100; j++) {
                    recorder.record("hangs-" + i, pod, EventRecorder.Type.NORMAL, "Pulled", "image " + j);
                }
            }
            await().until(() -> api.requests().stream().filter(request -> request.startsWith("POST /tenants/hangs-")).distinct().count() == 20);
            recorder.record("red", pod, EventRecorder.Type.NORMAL, "Pulled", "image");
            await().untilAsserted(() -> assertThat(client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items()).hasSize(1));
        } finally {
            over.countDown();
        }
    }

    /// client-go, tools/events/event_recorder.go and event_broadcaster.go.
    @Test
    void eventsOfTheExactFormTellOfASeriesAndNothingOfTheOlderForm() {
        Pod pod = Json.MAPPER.readValue("{\"metadata\":{\"name\":\"p\",\"namespace\":\"default\",\"uid\":\"u1\"}}", Pod.class);
        Pod other = Json.MAPPER.readValue("{\"metadata\":{\"name\":\"q\",\"namespace\":\"default\",\"uid\":\"u2\"}}", Pod.class);
        ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00.123456789Z"));
        try (EventRecorder recorder = EventRecorder.exact(client, "default-scheduler", "master-1", clock)) {
            recorder.record("red", pod, other, "Scheduling", EventRecorder.Type.WARNING, "FailedScheduling", "\u00fc".repeat(600));
            await().until(() -> client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items().size() == 1);
            Event event = client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items().getFirst();
            assertThat(new String(Json.write(event))).contains("\"eventTime\":\"2026-01-01T00:00:00.123456Z\"");
            assertThat(event.getReportingComponent() + " " + event.getReportingInstance()).isEqualTo("default-scheduler default-scheduler-master-1");
            assertThat(event.getAction()).isEqualTo("Scheduling");
            assertThat(event.getRelated().getName()).isEqualTo("q");
            assertThat(event.getMessage()).as("1024 bytes").isEqualTo("\u00fc".repeat(510) + " ...");
            assertThat(event.getSource()).isNull();
            assertThat(event.getCount()).isNull();
            assertThat(event.getFirstTimestamp()).isNull();
            assertThat(event.getLastTimestamp()).isNull();
            assertThat(event.getSeries()).isNull();
            for (int i = 0; i < 2; i++) {
                clock.advance(Duration.ofSeconds(5));
                recorder.record("red", pod, other, "Scheduling", EventRecorder.Type.WARNING, "FailedScheduling", "\u00fc".repeat(600));
            }
            await().untilAsserted(() -> assertThat(client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items()).singleElement().satisfies(again -> {
                assertThat(again.getSeries().getCount()).isEqualTo(3);
                assertThat(again.getSeries().getLastObservedTime().getTime()).isEqualTo("2026-01-01T00:00:10.123456Z");
                assertThat(again.getEventTime().getTime()).isEqualTo("2026-01-01T00:00:00.123456Z");
                assertThat(again.getCount()).isNull();
            }));
        }
    }

    /// client-go, tools/record/events_cache.go: ten different messages within ten minutes are too many to be told apart.
    @Test
    void eventsThatDifferByTheirMessagesOnlyBecomeOneAfterTheNinth() {
        Pod pod = Json.MAPPER.readValue("{\"metadata\":{\"name\":\"p\",\"namespace\":\"default\",\"uid\":\"u1\"}}", Pod.class);
        ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
        try (EventRecorder recorder = new EventRecorder(client, "replicaset-controller", null, clock)) {
            for (int i = 1; i <= 12; i++) {
                recorder.record("red", pod, EventRecorder.Type.WARNING, "FailedCreate", "no pod " + i);
            }
            recorder.record("red", pod, EventRecorder.Type.WARNING, "FailedCreate", "no pod 1");
            recorder.record("red", pod, EventRecorder.Type.NORMAL, "FailedCreate", "no pod 12");
            clock.advance(Duration.ofMinutes(11));
            recorder.record("red", pod, EventRecorder.Type.WARNING, "FailedCreate", "no pod 13");
            await().untilAsserted(() -> assertThat(client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items())
                    .extracting(event -> event.getType() + " " + event.getMessage() + " x" + event.getCount())
                    .containsExactlyInAnyOrder("Warning no pod 1 x2", "Warning no pod 2 x1", "Warning no pod 3 x1", "Warning no pod 4 x1",
                            "Warning no pod 5 x1", "Warning no pod 6 x1", "Warning no pod 7 x1", "Warning no pod 8 x1", "Warning no pod 9 x1",
                            "Warning (combined from similar events): no pod 12 x3", "Normal no pod 12 x1", "Warning no pod 13 x1"));
        }
    }
}
