package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/// What the controllers do for a tenant whose webhooks do not answer keeps them from nothing that others need.
class HangingTenantTest {
    private static final String PODS = "POST /tenants/hangs/api/v1/namespaces/default/pods";
    private static final String GARBAGE = "DELETE /tenants/hangs/api/v1/namespaces/default/configmaps/";

    private static ReplicaSet set(String name) {
        return new ReplicaSetBuilder()
                .withNewMetadata().withName(name).withNamespace("default").endMetadata()
                .withNewSpec().withReplicas(1)
                .withNewSelector().addToMatchLabels("app", name).endSelector()
                .withTemplate(Workbench.template(name, "a"))
                .endSpec()
                .build();
    }

    @Test
    void writesOfOneTenantThatHangHoldUpNoOther() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        try (Workbench bench = new Workbench(1)) {
            bench.api.beforeAnswers(request -> {
                if (request.startsWith(PODS)) {
                    hang(over);
                }
            });
            for (int i = 0; i < 40; i++) {
                bench.client.of(Kind.REPLICA_SET).create("hangs", set("held-" + i));
            }
            await().until(() -> hanging(bench, PODS) >= 8);
            bench.create(Kind.REPLICA_SET, set("mine"));
            await().untilAsserted(() -> assertThat(bench.get(Kind.REPLICA_SET, "mine").getStatus().getAvailableReplicas()).isEqualTo(1));
        } finally {
            over.countDown();
        }
    }

    @Test
    void garbageOfOneTenantThatHangsHoldsUpNoOther() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        try (Workbench bench = new Workbench(1)) {
            bench.api.beforeAnswers(request -> {
                if (request.startsWith(GARBAGE)) {
                    hang(over);
                }
            });
            for (int i = 0; i < 40; i++) {
                garbage(bench, "hangs", "held-" + i);
            }
            await().until(() -> hanging(bench, GARBAGE) >= 8);
            garbage(bench, Workbench.TENANT, "mine");
            await().until(() -> bench.client.of(Kind.CONFIG_MAP).find(bench.key("mine")).isEmpty());
        } finally {
            over.countDown();
        }
    }

    @Test
    void podsOfASilentNodeAreToldOfWhateverOthersThereHang() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        try (Workbench bench = new Workbench(1)) {
            bench.api.beforeAnswers(request -> {
                if (request.startsWith("PUT /tenants/hangs/") && request.endsWith("/status")) {
                    hang(over);
                }
            });
            bench.client.of(Kind.NODE).create(ObjectKey.ROOT, new NodeBuilder().withNewMetadata().withName("silent").endMetadata().withNewSpec().endSpec()
                    .withNewStatus().addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build());
            for (int i = 0; i < 10; i++) {
                bench.client.of(Kind.POD).create("hangs", readyPod("held-" + i));
            }
            bench.client.of(Kind.POD).create(Workbench.TENANT, readyPod("mine"));
            // Once more each time, as the cache of pods may be behind that of nodes.
            await().untilAsserted(() -> {
                bench.client.of(Kind.NODE).change(ObjectKey.root("silent"), "status", node -> node.edit().editStatus()
                        .withConditions(new NodeConditionBuilder().withType("Ready").withStatus("Unknown").withMessage("at " + System.nanoTime()).build()).endStatus().build());
                assertThat(bench.get(Kind.POD, "mine").getStatus().getConditions())
                        .anySatisfy(condition -> assertThat(condition.getType() + condition.getStatus()).isEqualTo("ReadyFalse"));
            });
        } finally {
            over.countDown();
        }
    }

    private static Pod readyPod(String name) {
        return new PodBuilder().withNewMetadata().withName(name).withNamespace("default").endMetadata()
                .withSpec(Workbench.template(name, "a").getSpec().edit().withNodeName("silent").build())
                .withNewStatus().addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build();
    }

    private static void garbage(Workbench bench, String tenant, String name) {
        bench.client.of(Kind.CONFIG_MAP).create(tenant, new ConfigMapBuilder()
                .withNewMetadata().withName(name).withNamespace("default")
                .addNewOwnerReference().withApiVersion("v1").withKind("ConfigMap").withName("gone").withUid("gone-" + name).endOwnerReference()
                .endMetadata().build());
    }

    private static long hanging(Workbench bench, String start) {
        return bench.api.requests().stream().filter(request -> request.startsWith(start)).count();
    }

    private static void hang(CountDownLatch over) {
        try {
            over.await();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}
