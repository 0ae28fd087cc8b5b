package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.NodeSelectorTermBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.PodAffinityTermBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.hypernetes.client.ObjectKey;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Random nodes and pods. Every rule that a pod or a node may have is rare enough that most pods still fit somewhere.
final class Draws {
    private static final List<String> APPS = List.of("a", "b", "c");
    private static final List<String> KEYS = List.of("host", "zone");
    private static final List<String> TAINTS = List.of("gpu", "maintenance", "node.kubernetes.io/unschedulable");
    private static final List<String> EFFECTS = List.of("NoSchedule", "NoExecute", "PreferNoSchedule");

    private final Random random;

    Draws(long seed) {
        this.random = new Random(seed);
    }

    boolean once(int of) {
        return random.nextInt(of) == 0;
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    Random random() {
        return random;
    }

    private <T> T any(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    /// Some nodes are in no zone.
    Node node(int number) {
        NodeBuilder node = new NodeBuilder(ChoiceTest.node("n" + number, String.valueOf(1 + below(4)), "4Gi"))
                .editMetadata().addToLabels("host", "n" + number).addToLabels("generation", String.valueOf(below(4))).endMetadata()
                .editStatus().addToAllocatable("example.com/slots", new Quantity(String.valueOf(below(4)))).endStatus();
        return changed(number % 5 == 4 ? node.build() : node.editMetadata().addToLabels("zone", "z" + number % 3).endMetadata().build());
    }

    /// The node as it is after somebody did something to it.
    Node changed(Node node) {
        NodeBuilder changed = new NodeBuilder(node);
        switch (below(4)) {
            case 0 -> changed.editMetadata().addToLabels("zone", "z" + below(4)).endMetadata();
            case 1 -> changed.editSpec().withUnschedulable(once(3)).endSpec();
            case 2 -> changed.editSpec().withTaints(new Taint(any(EFFECTS), any(TAINTS), null, once(2) ? null : "v" + below(2))).endSpec();
            default -> changed.editSpec().withTaints().endSpec();
        }
        return changed.build();
    }

    /// Most pods have one rule or none, some have several.
    Pod pod(ObjectKey key) {
        PodBuilder pod = new PodBuilder(ChoiceTest.pod(key.name(), below(5) * 100 + "m", below(4) * 100 + "Mi"))
                .editMetadata().withNamespace(key.namespace()).addToLabels("app", any(APPS)).endMetadata();
        if (once(2)) {
            pod.editMetadata().addToLabels("hash", String.valueOf(below(2))).endMetadata();
        }
        int rules = once(4) ? 3 : 1;
        for (int i = 0; i < rules; i++) {
            rule(pod);
        }
        return pod.build();
    }

    private void rule(PodBuilder pod) {
        switch (below(14)) {
            case 0 -> pod.editSpec().editOrNewAffinity().editOrNewPodAntiAffinity()
                    .addAllToRequiredDuringSchedulingIgnoredDuringExecution(terms()).endPodAntiAffinity().endAffinity().endSpec();
            case 1, 2 -> pod.editSpec().editOrNewAffinity().editOrNewPodAffinity()
                    .addAllToRequiredDuringSchedulingIgnoredDuringExecution(terms()).endPodAffinity().endAffinity().endSpec();
            case 3, 4 -> spread(pod);
            case 5 -> pod.editSpec().editOrNewAffinity().editOrNewPodAffinity().addNewPreferredDuringSchedulingIgnoredDuringExecution()
                    .withWeight(1 + below(100)).withPodAffinityTerm(term())
                    .endPreferredDuringSchedulingIgnoredDuringExecution().endPodAffinity().endAffinity().endSpec();
            case 6 -> pod.editSpec().addToTolerations(toleration()).endSpec();
            case 7 -> pod.editSpec().addToNodeSelector("disk", once(4) ? "ssd" : "hdd").endSpec();
            case 8 -> nodeAffinity(pod);
            case 9 -> pod.editSpec().editFirstContainer().addNewPort().withContainerPort(80).withHostPort(80 + below(2))
                    .withHostIP(any(List.of("0.0.0.0", "10.0.0.1", "10.0.0.2"))).withProtocol(any(List.of("TCP", "UDP"))).endPort().endContainer().endSpec();
            case 10 -> pod.editSpec().addToOverhead("memory", new Quantity(below(500) + "Mi")).addToOverhead("cpu", new Quantity(below(500) + "m")).endSpec();
            case 11 -> init(pod);
            case 12 -> pod.editSpec().editFirstContainer().editResources()
                    .addToRequests("example.com/slots", new Quantity(String.valueOf(below(3)))).endResources().endContainer().endSpec();
            default -> {
                // Many have no rules.
            }
        }
    }

    private Toleration toleration() {
        String key = once(4) ? null : any(TAINTS);
        String effect = once(2) ? null : any(EFFECTS);
        return key == null || once(2) ? new Toleration(effect, key, "Exists", null, null) : new Toleration(effect, key, "Equal", null, "v" + below(2));
    }

    private void nodeAffinity(PodBuilder pod) {
        pod.editSpec().editOrNewAffinity().editOrNewNodeAffinity().editOrNewRequiredDuringSchedulingIgnoredDuringExecution()
                .addAllToNodeSelectorTerms(manyOrOne(this::nodeTerm))
                .endRequiredDuringSchedulingIgnoredDuringExecution().endNodeAffinity().endAffinity().endSpec();
    }

    private NodeSelectorTerm nodeTerm() {
        NodeSelectorTermBuilder term = new NodeSelectorTermBuilder();
        switch (below(7)) {
            case 0 -> term.addNewMatchExpression().withKey("zone").withOperator("In").withValues("z0", "z" + below(4)).endMatchExpression();
            case 1 -> term.addNewMatchExpression().withKey("zone").withOperator("NotIn").withValues("z" + below(4)).endMatchExpression();
            case 2 -> term.addNewMatchExpression().withKey("zone").withOperator(once(2) ? "Exists" : "DoesNotExist").endMatchExpression();
            case 3 -> term.addNewMatchExpression().withKey("generation").withOperator(once(2) ? "Gt" : "Lt").withValues("1").endMatchExpression();
            case 4 -> term.addNewMatchField().withKey("metadata.name").withOperator(once(2) ? "In" : "NotIn").withValues("n" + below(12)).endMatchField();
            case 5 -> term.addNewMatchExpression().withKey("zone").withOperator("Exists").endMatchExpression()
                    .addNewMatchField().withKey("metadata.name").withOperator("NotIn").withValues("n" + below(12)).endMatchField();
            default -> {
                // A term without any condition means no node.
            }
        }
        return term.build();
    }

    private void init(PodBuilder pod) {
        for (int i = 0; i <= below(3); i++) {
            pod.editSpec().addToInitContainers(new ContainerBuilder().withName("i" + i).withRestartPolicy(once(2) ? "Always" : null)
                    .withNewResources().addToRequests("cpu", new Quantity(below(900) + "m")).addToRequests("memory", new Quantity(below(900) + "Mi")).endResources()
                    .build()).endSpec();
        }
    }

    private void spread(PodBuilder pod) {
        pod.editSpec().addNewTopologySpreadConstraint()
                .withMaxSkew(1 + below(2)).withTopologyKey(any(KEYS)).withWhenUnsatisfiable(once(5) ? "ScheduleAnyway" : "DoNotSchedule")
                .withLabelSelector(selector())
                .withMatchLabelKeys(once(3) ? List.of("hash") : List.of())
                .withMinDomains(once(3) ? 1 + below(6) : null)
                .withNodeAffinityPolicy(any(List.of("Honor", "Ignore"))).withNodeTaintsPolicy(any(List.of("Honor", "Ignore")))
                .endTopologySpreadConstraint().endSpec();
    }

    private LabelSelector selector() {
        LabelSelectorBuilder selector = new LabelSelectorBuilder();
        return switch (below(8)) {
            case 0 -> selector.addToMatchExpressions(new LabelSelectorRequirement("app", "In", List.of("a", "b"))).build();
            case 1 -> selector.addToMatchExpressions(new LabelSelectorRequirement("app", "NotIn", List.of(any(APPS)))).build();
            case 2 -> selector.addToMatchExpressions(new LabelSelectorRequirement("hash", once(2) ? "Exists" : "DoesNotExist", List.of())).build();
            case 3 -> selector.addToMatchLabels("app", any(APPS)).addToMatchExpressions(new LabelSelectorRequirement("hash", "In", List.of("0"))).build();
            case 4 -> once(3) ? selector.build() : selector.addToMatchLabels("hash", "1").build();
            default -> selector.addToMatchLabels("app", any(APPS)).build();
        };
    }

    /// Many terms are asked otherwise than few; forty that all differ would mean nearly no node, or nearly all.
    private <T> List<T> manyOrOne(Supplier<T> term) {
        if (!once(6)) {
            return List.of(term.get());
        }
        List<T> different = Stream.generate(term).limit(1 + below(3)).toList();
        return Stream.generate(() -> any(different)).limit(40).toList();
    }

    private List<PodAffinityTerm> terms() {
        return manyOrOne(this::term);
    }

    private PodAffinityTerm term() {
        PodAffinityTermBuilder term = new PodAffinityTermBuilder().withTopologyKey(any(KEYS));
        if (!once(12)) {
            term.withLabelSelector(selector());
            term.withMatchLabelKeys(once(5) ? List.of("hash") : List.of());
            term.withMismatchLabelKeys(once(5) ? List.of("app") : List.of());
        }
        if (once(4)) {
            term.withNamespaces(once(2) ? List.of("x") : List.of("x", "y"));
        }
        if (once(4)) {
            term.withNamespaceSelector(once(4)
                    ? new LabelSelector()
                    : new LabelSelectorBuilder().addToMatchExpressions(new LabelSelectorRequirement("team", once(2) ? "In" : "NotIn", List.of("one"))).build());
        }
        return term.build();
    }

    /// Labels of namespaces, the same in no two tenants.
    static Map<String, String> labelsOfNamespace(String tenant, String namespace) {
        return tenant.equals("red") == namespace.equals("x") ? Map.of("team", "one") : namespace.equals("x") ? Map.of() : Map.of("team", "two");
    }
}
