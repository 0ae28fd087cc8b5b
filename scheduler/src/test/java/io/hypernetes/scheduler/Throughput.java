package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Choices a second, without any API: `bench/scheduler` runs it. Each shape begins with an empty cluster; what is measured begins when a tenth of
/// the pods is placed.
final class Throughput {
    private enum Shape {
        /// Pods of a few controllers with requests alone.
        BASIC,
        /// Spread over zones and nodes, as a requirement.
        SPREAD,
        /// A node of its own in its group of a hundred.
        APART,
        /// In the zone of its group.
        NEAR,
        /// A wish to be apart.
        PREFERRED
    }

    private Throughput() {}

    public static void main(String[] arguments) {
        int nodes = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 5_000;
        int pods = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 30_000;
        measure(Shape.BASIC, nodes, Math.min(pods, 10_000));
        System.out.printf("%-10s %8s %8s %12s %12s%n", "shape", "nodes", "pods", "pods/s", "p99 ms");
        for (Shape shape : Shape.values()) {
            int count = shape == Shape.BASIC ? pods : pods / 6;
            double[] result = measure(shape, nodes, count);
            System.out.printf("%-10s %8d %8d %12.0f %12.2f%n", shape.name().toLowerCase(java.util.Locale.ROOT), nodes, count, result[0], result[1]);
        }
    }

    private static double[] measure(Shape shape, int nodes, int count) {
        Cluster cluster = new Cluster();
        for (int i = 0; i < nodes; i++) {
            Map<String, Quantity> room = Map.of("cpu", new Quantity("32"), "memory", new Quantity("256Gi"), "pods", new Quantity("110"));
            cluster.node(new NodeBuilder()
                    .withNewMetadata().withName("n" + i).addToLabels("topology.kubernetes.io/zone", "z" + i % 3)
                    .addToLabels("kubernetes.io/hostname", "n" + i).endMetadata()
                    .withNewSpec().endSpec().withNewStatus().withAllocatable(room).endStatus().build());
        }
        List<Pod> pods = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            pods.add(pod(shape, i));
        }
        Random random = new Random(1);
        Preemption preemption = new Preemption((tenant, namespace) -> List.of());
        PodTerm.Namespaces namespaces = (tenant, namespace) -> Map.of();
        long[] nanos = new long[count - count / 10];
        long begin = 0;
        for (int i = 0; i < count; i++) {
            if (i == count / 10) {
                begin = System.nanoTime();
            }
            long before = System.nanoTime();
            PodFacts facts = PodFacts.of(new ObjectKey("red", "default", "p" + i), pods.get(i));
            Choice choice = cluster.decide(view -> Choice.of(facts, view, VolumeRules.NONE, namespaces, preemption, random));
            if (!(choice instanceof Choice.Fits(String node))) {
                throw new IllegalStateException("pod " + i + " does not fit: " + choice);
            }
            cluster.place(facts, node);
            if (i >= count / 10) {
                nanos[i - count / 10] = System.nanoTime() - before;
            }
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        java.util.Arrays.sort(nanos);
        return new double[] {nanos.length / seconds, nanos[nanos.length * 99 / 100] / 1e6};
    }

    private static Pod pod(Shape shape, int number) {
        String group = "g" + number / 100;
        LabelSelector ofGroup = new LabelSelectorBuilder().addToMatchLabels("group", group).build();
        PodBuilder pod = new PodBuilder()
                .withNewMetadata().withName("p" + number).withNamespace("default").addToLabels("group", group)
                .withOwnerReferences(new OwnerReferenceBuilder().withUid("set-" + group).withController(true).build()).endMetadata()
                .withNewSpec().addNewContainer().withName("c").withImage("i")
                .withNewResources().addToRequests("cpu", new Quantity("100m")).addToRequests("memory", new Quantity("500Mi")).endResources()
                .endContainer().endSpec();
        switch (shape) {
            case BASIC -> {
                // Requests alone.
            }
            case SPREAD -> pod.editSpec()
                    .addNewTopologySpreadConstraint().withMaxSkew(1).withTopologyKey("topology.kubernetes.io/zone")
                    .withWhenUnsatisfiable("DoNotSchedule").withLabelSelector(ofGroup).endTopologySpreadConstraint().endSpec();
            case APART -> pod.editSpec().withNewAffinity().withNewPodAntiAffinity().addNewRequiredDuringSchedulingIgnoredDuringExecution()
                    .withTopologyKey("kubernetes.io/hostname").withLabelSelector(ofGroup)
                    .endRequiredDuringSchedulingIgnoredDuringExecution().endPodAntiAffinity().endAffinity().endSpec();
            case NEAR -> pod.editSpec().withNewAffinity().withNewPodAffinity().addNewRequiredDuringSchedulingIgnoredDuringExecution()
                    .withTopologyKey("topology.kubernetes.io/zone").withLabelSelector(ofGroup)
                    .endRequiredDuringSchedulingIgnoredDuringExecution().endPodAffinity().endAffinity().endSpec();
            case PREFERRED -> pod.editSpec().withNewAffinity().withNewPodAntiAffinity().addNewPreferredDuringSchedulingIgnoredDuringExecution()
                    .withWeight(100).withNewPodAffinityTerm().withTopologyKey("kubernetes.io/hostname").withLabelSelector(ofGroup)
                    .endPodAffinityTerm().endPreferredDuringSchedulingIgnoredDuringExecution().endPodAntiAffinity().endAffinity().endSpec();
        }
        return pod.build();
    }
}
