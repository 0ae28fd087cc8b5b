package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import io.hypernetes.client.ObjectKey;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Who makes way, where disruption budgets have a say.
class PreemptionTest {
    private final Cluster cluster = new Cluster();

    PreemptionTest() {
        cluster.node(ChoiceTest.node("n1", "2", "4Gi"));
        cluster.node(ChoiceTest.node("n2", "2", "4Gi"));
    }

    private void placed(String name, String node, String app, int priority, String cpu) {
        cluster.place(PodFacts.of(new ObjectKey("red", "default", name), new PodBuilder(ChoiceTest.pod(name, cpu, "1Mi"))
                .editMetadata().addToLabels("app", app).endMetadata().editSpec().withPriority(priority).endSpec().build()), node);
    }

    /// A budget of the pods of web.
    private static PodDisruptionBudget budget(int allowed, String... noted) {
        PodDisruptionBudget budget = new PodDisruptionBudgetBuilder()
                .withNewMetadata().withName("web").withNamespace("default").addToAnnotations(ObjectKey.TENANT_ANNOTATION, "red").endMetadata()
                .withNewSpec().withNewSelector().addToMatchLabels("app", "web").endSelector().endSpec()
                .withNewStatus().withDisruptionsAllowed(allowed).endStatus().build();
        for (String pod : noted) {
            budget.getStatus().getDisruptedPods().put(pod, "2026-01-01T00:00:00Z");
        }
        return budget;
    }

    /// The pods that make way for a large one.
    private List<String> victims(PodDisruptionBudget... budgets) {
        List<Preemption.Budget> known = List.of(budgets).stream().flatMap(budget -> Preemption.Budget.of(budget).stream()).toList();
        PodFacts large = PodFacts.of(new ObjectKey("red", "default", "large"),
                new PodBuilder(ChoiceTest.pod("large", "2", "1Mi")).editSpec().withPriority(1000).endSpec().build());
        Choice choice = cluster.decide(view -> Choice.of(
                large, view, VolumeRules.NONE, (tenant, namespace) -> Map.of(), new Preemption((tenant, namespace) -> known), new Random(1)));
        assertThat(choice).isInstanceOf(Choice.FitsNowhere.class);
        return ((Choice.FitsNowhere) choice).makeWay().victims().stream().map(victim -> victim.key().name()).toList();
    }

    @Test
    void thoseWhomNoBudgetKeepsMakeWayFirst() {
        placed("web", "n1", "web", 1, "2");
        placed("other", "n2", "other", 2, "2");
        assertThat(victims()).containsExactly("web");
        assertThat(victims(budget(1))).containsExactly("web");
        assertThat(victims(budget(0))).containsExactly("other");
    }

    /// The budget says already what is left without it.
    @Test
    void aPodThatIsAboutToGoCostsItsBudgetNothing() {
        placed("kept", "n1", "web", 1, "2");
        placed("going", "n2", "web", 2, "2");
        assertThat(victims(budget(0))).containsExactly("kept");
        assertThat(victims(budget(0, "going"))).containsExactly("going");
    }

    @Test
    void aPodThatIsAboutToGoLeavesItsBudgetToOthers() {
        placed("going", "n1", "web", 2, "1");
        placed("also", "n1", "web", 1, "1");
        placed("other", "n2", "other", 3, "2");
        assertThat(victims(budget(1))).containsExactly("other");
        assertThat(victims(budget(1, "going"))).containsExactly("going", "also");
    }
}
