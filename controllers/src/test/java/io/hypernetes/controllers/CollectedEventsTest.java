package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Taint;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What events say of objects that are to go, or will not after all.
class CollectedEventsTest {
    private static Workbench bench;

    @BeforeAll
    static void start() throws Exception {
        bench = new Workbench(1);
    }

    @AfterAll
    static void stop() throws Exception {
        bench.close();
    }

    private static List<Event> events(String namespace, String reason) {
        return bench.client.of(Kind.EVENT).list(Scope.namespace(Workbench.TENANT, namespace), Selection.everything()).items().stream()
                .filter(event -> event.getReason().equals(reason)).toList();
    }

    private static ConfigMap owned(String namespace, String name, OwnerReference owner) {
        return new ConfigMapBuilder().withNewMetadata().withNamespace(namespace).withName(name).withOwnerReferences(owner).endMetadata().build();
    }

    /// The words of upstream's pkg/controller/garbagecollector/graph_builder.go.
    @Test
    void whoNamesAnOwnerOfAnotherNamespaceIsToldSo() {
        ConfigMap owner = bench.create(Kind.CONFIG_MAP, new ConfigMapBuilder().withNewMetadata().withName("own").endMetadata().build());
        OwnerReference reference = new OwnerReferenceBuilder().withApiVersion("v1").withKind("ConfigMap").withName("own").withUid(owner.getMetadata().getUid()).build();
        bench.client.of(Kind.CONFIG_MAP).create(Workbench.TENANT, owned("default", "right", reference));
        bench.client.of(Kind.CONFIG_MAP).create(Workbench.TENANT, owned("other", "foreign", reference));
        await().untilAsserted(() -> assertThat(bench.client.of(Kind.CONFIG_MAP).find(new ObjectKey(Workbench.TENANT, "other", "foreign"))).isEmpty());
        await().untilAsserted(() -> assertThat(events("other", "OwnerRefInvalidNamespace")).singleElement().satisfies(event -> {
            assertThat(event.getType()).isEqualTo("Warning");
            assertThat(event.getReportingComponent()).isEqualTo("garbage-collector-controller");
            assertThat(event.getInvolvedObject().getKind() + " " + event.getInvolvedObject().getName()).isEqualTo("ConfigMap foreign");
            assertThat(event.getMessage()).isEqualTo("ownerRef [v1/ConfigMap, namespace: other, name: own, uid: " + reference.getUid() + "] does not exist in namespace \"other\"");
        }));

        bench.client.of(Kind.NAMESPACE).create(Workbench.TENANT, new NamespaceBuilder().withNewMetadata().withName("wide").withOwnerReferences(reference).endMetadata().build());
        await().untilAsserted(() -> assertThat(events("default", "OwnerRefInvalidNamespace")).extracting(Event::getMessage)
                .containsExactly("ownerRef [v1/ConfigMap, namespace: , name: own, uid: " + reference.getUid() + "] does not exist in namespace \"\""));
        assertThat(bench.client.of(Kind.NAMESPACE).find(new ObjectKey(Workbench.TENANT, "", "wide"))).as("it stays").isPresent();
        assertThat(bench.client.of(Kind.CONFIG_MAP).find(bench.key("right"))).isPresent();
    }

    /// The words of upstream's pkg/controller/tainteviction/taint_eviction.go.
    @Test
    void aTaintThatIsTakenAwayCancelsWhatItWouldHaveDone() {
        String node = bench.client.of(Kind.NODE).list(Scope.tenant("root"), Selection.everything()).items().getFirst().getMetadata().getName();
        bench.create(Kind.POD, new PodBuilder().withNewMetadata().withName("stays").endMetadata().withSpec(Workbench.template("stays", "a").getSpec()).editSpec().withNodeName(node)
                .addNewToleration().withKey("leave").withOperator("Exists").withTolerationSeconds(3600L).endToleration().endSpec().build());
        await().untilAsserted(() -> assertThat(bench.readyPods()).hasSize(1));
        bench.client.of(Kind.NODE).change(ObjectKey.root(node), null, now -> {
            now.getSpec().getTaints().add(new Taint("NoExecute", "leave", null, null));
            return now;
        });
        // It has been looked at once its taint may be taken away again and the event comes.
        await().untilAsserted(() -> {
            bench.client.of(Kind.NODE).change(ObjectKey.root(node), null, now -> {
                boolean there = now.getSpec().getTaints().removeIf(taint -> taint.getKey().equals("leave"));
                if (!there) {
                    now.getSpec().getTaints().add(new Taint("NoExecute", "leave", null, null));
                }
                return now;
            });
            assertThat(events("default", "TaintManagerEviction")).extracting(Event::getMessage).containsExactly("Cancelling deletion of Pod default/stays");
        });
    }
}
