package io.hypernetes.apiserver;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.crd.SchemaSizes;
import io.hypernetes.store.Operation;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What open watches hold of what definitions are compiled to.
class WatchedKindsTest extends ClusterTest {
    /// Of each way to watch.
    private static final int DEFINITIONS = 4;
    private static final List<String> WAYS = List.of("", "&labelSelector=a%3Db", "&fieldSelector=spec.mode%3Dfast", "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    private static final String TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

    /// One that weighs more than half of what is kept compiled, while it is small in truth.
    private void define(String plural) {
        int rules = (int) (Math.max(SchemaSizes.MOST_MEMORY, Runtime.getRuntime().maxMemory() / 16) * 6 / 10 / (8 << 10));
        cluster.store.commit(List.of(Operation.create(new ObjectKey("root", "apiextensions.k8s.io", "customresourcedefinitions", "", plural + ".watched.example.com").text(), """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"%1$s.watched.example.com","uid":"u"},
                 "spec":{"group":"watched.example.com","scope":"Namespaced","names":{"plural":"%1$s","singular":"one","kind":"%1$s","listKind":"%1$sList"},"conversion":{"strategy":"None"},
                  "versions":[{"name":"v1","served":true,"storage":true,"selectableFields":[{"jsonPath":".spec.mode"}],
                    "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"mode":{"type":"string"}}}}}}},
                   {"name":"v0","served":false,"storage":false,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-validations":[{}%2$s]}}}]},
                 "status":{"storedVersions":["v1"],"acceptedNames":{"plural":"%1$s","singular":"one","kind":"%1$s","listKind":"%1$sList"},
                  "conditions":[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]}}"""
                .formatted(plural, ",{}".repeat(rules)).getBytes(UTF_8))));
    }

    private static String things(String plural) {
        return "/apis/watched.example.com/v1/namespaces/default/" + plural;
    }

    private void create(String plural, String name) {
        admin.post(things(plural), "{\"apiVersion\":\"watched.example.com/v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\",\"labels\":{\"a\":\"b\"}},\"spec\":{\"mode\":\"fast\"}}"
                .formatted(plural, name)).expect(201);
    }

    /// How many versions of definitions are held compiled, after a collection.
    private static long compiled() {
        try {
            var histogram = (String) ManagementFactory.getPlatformMBeanServer().invoke(
                    new ObjectName("com.sun.management:type=DiagnosticCommand"), "gcClassHistogram", new Object[] {null}, new String[] {String[].class.getName()});
            var line = Pattern.compile("(\\d+)\\s+\\d+\\s+io\\.hypernetes\\.objects\\.kind\\.CustomRules\\b").matcher(histogram);
            return line.find() ? Long.parseLong(line.group(1)) : 0;
        } catch (Exception e) {
            throw new AssertionError("the classes of what is on the heap cannot be counted", e);
        }
    }

    @Test
    @Timeout(240)
    void watchesHoldNothingThatIsCompiled() throws Exception {
        var watches = new ArrayList<Watch>();
        try {
            var plurals = new ArrayList<String>();
            for (int i = 0; i < DEFINITIONS * (WAYS.size() + 1); i++) {
                var plural = "w" + i;
                plurals.add(plural);
                define(plural);
                create(plural, "first");
                watches.add(i % (WAYS.size() + 1) == WAYS.size() ? admin.watch(things(plural) + "?watch=1", TABLE) : admin.watch(things(plural) + "?watch=1" + WAYS.get(i % (WAYS.size() + 1))));
            }
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < watches.size(); i++) {
                    var event = watches.get(i).next();
                    assertThat(event.path("type").asString("")).isEqualTo("ADDED");
                    assertThat(event.path("object").toString()).contains(round == 0 ? "first" : "second");
                    while (round == 0 && i % (WAYS.size() + 1) == 3 && !event.path("type").asString("").equals("BOOKMARK")) {
                        event = watches.get(i).next();
                    }
                }
                await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(compiled()).as("of %d definitions", plurals.size()).isLessThanOrEqualTo(2));
                if (round == 0) {
                    plurals.forEach(plural -> create(plural, "second"));
                }
            }
        } finally {
            for (var watch : watches) {
                watch.close();
            }
        }
    }
}
