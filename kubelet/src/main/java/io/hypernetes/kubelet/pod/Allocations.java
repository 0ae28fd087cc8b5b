package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The node's record of the processors and the memory that each of its pods was granted: at the first look at it what the API says that an earlier kubelet
/// granted, or else what it asks for if there is room, and since then what the node had room for. Machines and containers are made by it, and what is left for
/// others is counted by it, never by a spec alone, which its tenant may change at any time. Upstream's pkg/kubelet/allocation, which keeps a file of its own.
///
/// A machine cannot give back memory, so a pod counts for at least as much of it as its machine was made for, which is written on the machine.
///
/// Whether there is room is asked and noted in one step, so that of two pods that want the last of it one gets it. Safe for use by many threads.
final class Allocations {
    private static final List<String> RESIZABLE = List.of("cpu", "memory");

    private final Supplier<Map<String, Quantity>> allocatable;
    private final Function<String, Standing> standing;
    private final Runnable freed;
    private final Map<String, Noted> noted = new HashMap<>();
    /// What the pods' machines were made for, by uid.
    private final Map<String, Machine> machines = new HashMap<>();
    /// Those that are bound to this node and were neither let in nor turned away, by uid.
    private final Map<String, Coming> coming = new HashMap<>();
    private long promises;
    private boolean complete;

    /// @param allocatable what the node offers to pods now
    /// @param standing of a pod that was noted, by its uid; called while others wait for this record
    /// @param freed called, in the same way, when a pod that was noted, or is coming, counts for less than before; returns at once and calls nobody
    Allocations(Supplier<Map<String, Quantity>> allocatable, Function<String, Standing> standing, Runnable freed) {
        this.allocatable = allocatable;
        this.standing = standing;
        this.freed = freed;
    }

    /// Bytes of memory, without what the machine costs.
    ///
    /// @param limited 0 for no limit
    private record Machine(BigDecimal requested, BigDecimal limited) {
        static final Machine NONE = new Machine(BigDecimal.ZERO, BigDecimal.ZERO);
    }

    /// @param place since it was told that it is let in once others have left: behind all that were told so earlier; [#NO_PLACE] as long as it was not told
    private record Coming(Pod pod, long place) {
        /// Behind all that have one.
        static final long NO_PLACE = Long.MAX_VALUE;

        boolean isPromised() {
            return place != NO_PLACE;
        }
    }

    /// @param pod as it was when it was noted: besides amounts, what it counts for does not change
    /// @param isOrphan whether it is made up from what runs of a pod that nobody has told of
    private record Noted(Pod pod, Grant grant, boolean isOrphan) {
        Noted with(Grant other) {
            return new Noted(pod, other, isOrphan);
        }
    }

    /// @param now by the names of containers
    /// @param done what all of them had when nothing was left to be done
    /// @param most what each counts for since then: what is given back is not others' before all of it was given back
    private record Grant(Map<String, Amounts> now, Map<String, Amounts> done, Map<String, Amounts> most) {
        Grant(Map<String, Amounts> all) {
            this(all, all, all);
        }

        /// In the middle of a change.
        Grant(Map<String, Amounts> now, Map<String, Amounts> done) {
            this(now, done, max(done, now));
        }

        Grant with(Map<String, Amounts> more) {
            return new Grant(more, done, max(most, more));
        }

        private static Map<String, Amounts> max(Map<String, Amounts> one, Map<String, Amounts> other) {
            Map<String, Amounts> max = new HashMap<>(other);
            one.forEach((name, amounts) -> max.merge(name, amounts, Amounts::max));
            return max;
        }
    }

    private record Amounts(Map<String, Quantity> requests, Map<String, Quantity> limits) {
        static final Amounts NONE = new Amounts(Map.of(), Map.of());

        static Amounts of(@Nullable ResourceRequirements resources) {
            return resources == null ? NONE : new Amounts(only(resources.getRequests()), only(resources.getLimits()));
        }

        Amounts max(Amounts other) {
            return new Amounts(max(requests, other.requests), max(limits, other.limits));
        }

        Container in(Container container) {
            if (of(container.getResources()).equals(this)) {
                return container;
            }
            ResourceRequirements asked = container.getResources() == null ? new ResourceRequirements() : container.getResources();
            ResourceRequirements resources = new ResourceRequirementsBuilder(asked)
                    .withRequests(in(asked.getRequests(), requests)).withLimits(in(asked.getLimits(), limits)).build();
            return container.edit().withResources(resources).build();
        }

        private static Map<String, Quantity> only(@Nullable Map<String, Quantity> amounts) {
            Map<String, Quantity> only = new HashMap<>(amounts == null ? Map.of() : amounts);
            only.keySet().retainAll(RESIZABLE);
            return only;
        }

        private static Map<String, Quantity> max(Map<String, Quantity> one, Map<String, Quantity> other) {
            Map<String, Quantity> max = new HashMap<>(one);
            other.forEach((name, amount) -> max.merge(name, amount,
                    (a, b) -> a.getNumericalAmount().compareTo(b.getNumericalAmount()) < 0 ? b : a));
            return max;
        }

        private static Map<String, Quantity> in(@Nullable Map<String, Quantity> asked, Map<String, Quantity> granted) {
            Map<String, Quantity> amounts = new HashMap<>(asked == null ? Map.of() : asked);
            amounts.keySet().removeAll(RESIZABLE);
            amounts.putAll(granted);
            return amounts;
        }
    }

    /// Notes a pod that is here already, whatever there is room for: at the first look, as those that follow are nothing new. To be called before anybody else
    /// knows of the pod.
    synchronized void admit(Pod pod) {
        change(uid(pod), known -> known == null || known.isOrphan() ? new Noted(pod, first(pod), false) : known);
    }

    private void change(String uid, UnaryOperator<@Nullable Noted> change) {
        Noted before = noted.get(uid);
        Noted now = change.apply(before);
        if (now == null || now == before) {
            return;
        }
        Pod counted = before == null ? null : counted(before);
        noted.put(uid, now);
        if (counted != null && countsForLess(counted, counted(now))) {
            freed.run();
        }
    }

    private static boolean countsForLess(Pod before, Pod now) {
        return Stream.concat(RESIZABLE.stream(), Stream.of("ephemeral-storage"))
                .anyMatch(resource -> countsForLess(before, now, resource));
    }

    private static boolean countsForLess(Pod before, Pod now, String resource) {
        return PodTotals.requestsWithMachine(now, resource).compareTo(PodTotals.requestsWithMachine(before, resource)) < 0;
    }

    private Pod counted(Noted one) {
        return withMachine(with(one.pod(), one.grant().most()));
    }

    /// Whether it was noted.
    synchronized boolean knows(Pod pod) {
        Noted known = noted.get(uid(pod));
        return known != null && !known.isOrphan();
    }

    /// Notes what runs of a pod that nobody has told of, as far as that shows: what its containers have and what its machine was made for.
    synchronized void orphan(String uid, ObservedPod seen) {
        List<Container> containers = seen.containers().stream()
                .filter(ObservedContainer::running)
                .map(each -> new ContainerBuilder().withName(each.name()).withResources(each.resources() == null ? null : ActualResources.of(each.resources())).build())
                .toList();
        Pod pod = new PodBuilder().withNewMetadata().withUid(uid).endMetadata().withNewSpec().withContainers(containers).endSpec().build();
        noted.putIfAbsent(uid, new Noted(pod, first(pod), true));
    }

    /// Whether the API says that an earlier kubelet granted something to the pod, which only nodes can have it say.
    static boolean wereGranted(Pod pod) {
        return Plan.declared(pod).stream().anyMatch(each -> told(pod, each).isPresent());
    }

    /// A pod is bound to this node and it is not decided whether it is let in: until then nobody who is here becomes larger by what it asks for. Upstream counts
    /// whoever it has been told of (pkg/kubelet/allocation, getActivePods).
    ///
    /// One that was told to wait and now asks for more than it was told for stands behind all that wait.
    ///
    /// @throws RuntimeException when what it asks for is no amount; then it does not count
    synchronized void await(Pod pod) {
        Coming before = coming.remove(uid(pod));
        boolean freesRoom = before != null;
        try {
            RESIZABLE.forEach(resource -> PodTotals.requestsWithMachine(pod, resource));
            coming.put(uid(pod), new Coming(pod, before == null || countsForLess(pod, before.pod()) ? Coming.NO_PLACE : before.place()));
            freesRoom = before != null && RESIZABLE.stream().anyMatch(resource -> countsForLess(before.pod(), pod, resource));
        } finally {
            if (freesRoom) {
                freed.run();
            }
        }
    }

    /// It is let in once others have left: until then it counts for those that come behind it.
    synchronized void promise(Pod pod) {
        coming.compute(uid(pod), (uid, before) -> new Coming(pod, before != null && before.isPromised() ? before.place() : ++promises));
    }

    /// Where the pod stands among those that wait to be let in: who was told so first has the smallest, and who was not told yet is behind all of them.
    synchronized long place(Pod pod) {
        Coming known = coming.get(uid(pod));
        return known == null ? Coming.NO_PLACE : known.place();
    }

    /// It was let in, or turned away, or does not come.
    synchronized void decided(String uid) {
        if (coming.remove(uid) != null && !noted.containsKey(uid)) {
            freed.run();
        }
    }

    /// Notes a pod that is new here if there is room for it beside all that were noted, and for those before it still when those have left that are about to.
    ///
    /// @return what there is too little of
    synchronized Optional<NodeRoom.Shortage> admitIfRoom(Pod pod) {
        Optional<NodeRoom.Shortage> shortage = NodeRoom.shortage(allocatable.get(), others(pod, Standing.STAYS, Standing.LEAVES), pod)
                .or(() -> NodeRoom.shortage(allocatable.get(), and(others(pod, Standing.STAYS), before(pod)), pod));
        if (shortage.isEmpty()) {
            admit(pod);
        }
        return shortage;
    }

    /// What there is too little of for a pod that is new here even when those have left that are about to. One that was told to wait loses its room to what
    /// stays alone, such as a static pod, or a node that offers less: of those before it, too, one may not come.
    synchronized Optional<NodeRoom.Shortage> lastingShortage(Pod pod) {
        List<Pod> staying = others(pod, Standing.STAYS);
        return NodeRoom.shortage(allocatable.get(), place(pod) == Coming.NO_PLACE ? and(staying, before(pod)) : staying, pod);
    }

    /// Those that are let in before the pod is.
    private List<Pod> before(Pod pod) {
        long place = place(pod);
        return coming(pod, other -> other.place() < place);
    }

    /// What the machine of a pod that was noted costs beside its containers.
    synchronized void costs(String uid, Map<String, Quantity> overhead) {
        change(uid, known -> known == null ? null
                : new Noted(known.pod().edit().editSpec().withOverhead(overhead).endSpec().build(), known.grant(), known.isOrphan()));
    }

    /// The last machine that a pod has, or had and may have again.
    synchronized void machine(String uid, ObservedPod seen) {
        seen.sandbox().ifPresent(machine -> {
            Machine now = new Machine(MachineAnnotations.requestedMemory(machine.annotations()), MachineAnnotations.limitedMemory(machine.annotations()));
            Machine before = machines.put(uid, now);
            if (before != null && now.requested().compareTo(before.requested()) < 0) {
                freed.run();
            }
        });
    }

    /// All pods that are here have been seen.
    synchronized void complete() {
        complete = true;
    }

    /// Whether what is left can be told.
    synchronized boolean isComplete() {
        return complete;
    }

    /// Nothing of the pod is left here.
    synchronized void forget(String uid) {
        noted.remove(uid);
        machines.remove(uid);
        freed.run();
    }

    /// Whether the pod has been granted what it asks for now.
    synchronized boolean grants(Pod pod) {
        return grant(pod).now().equals(asked(pod));
    }

    /// Grants what the pod asks for now, if the node has room for it beside what the others were granted and what those ask for that are coming.
    synchronized Optional<NodeRoom.Refusal> ask(Pod pod) {
        Optional<NodeRoom.Refusal> refusal = NodeRoom.refusal(allocatable.get(), and(others(pod, Standing.STAYS, Standing.LEAVES), coming(pod, _ -> true)), counted(pod), pod);
        if (refusal.isEmpty()) {
            become(pod, grant(pod).with(asked(pod)));
        }
        return refusal;
    }

    private List<Pod> others(Pod pod, Standing... those) {
        return noted.entrySet().stream()
                .filter(each -> !each.getKey().equals(uid(pod)) && List.of(those).contains(standing.apply(each.getKey())))
                .map(each -> counted(each.getValue()))
                .toList();
    }

    private List<Pod> coming(Pod pod, Predicate<Coming> which) {
        return coming.entrySet().stream()
                .filter(each -> !each.getKey().equals(uid(pod)) && !noted.containsKey(each.getKey()) && which.test(each.getValue()))
                .map(each -> each.getValue().pod())
                .toList();
    }

    private static List<Pod> and(List<Pod> some, List<Pod> more) {
        return Stream.concat(some.stream(), more.stream()).toList();
    }

    private void become(Pod pod, Grant grant) {
        noted.computeIfPresent(uid(pod), (uid, known) -> known.with(grant));
    }

    /// The pod as it counts for the node.
    synchronized Pod counted(Pod pod) {
        return withMachine(with(pod, grant(pod).most()));
    }

    /// What the node keeps for the pod as a whole, without what its machine costs, while that is more than its containers were granted; nothing otherwise. With
    /// it the status tells all that this record counts, so that the scheduler gives nobody what the node would refuse.
    synchronized Map<String, Quantity> kept(Pod pod) {
        Pod granted = granted(pod);
        Pod counted = counted(pod);
        Map<String, Quantity> amounts = new HashMap<>();
        for (String resource : RESIZABLE) {
            BigDecimal units = units(counted, resource);
            if (units.signum() > 0) {
                amounts.put(resource, new Quantity(units.toPlainString() + (resource.equals("cpu") ? "m" : "")));
            }
        }
        return RESIZABLE.stream().anyMatch(resource -> units(counted, resource).compareTo(units(granted, resource)) > 0) ? amounts : Map.of();
    }

    /// The limit that the pod's machine was made with, as long as that is more than its containers' limits: what the machine has taken of it, it keeps. Nothing else
    /// is counted by it than quotas of limits.
    synchronized Map<String, Quantity> keptLimits(Pod pod) {
        BigDecimal machine = machines.getOrDefault(uid(pod), Machine.NONE).limited();
        return PodTotals.limits(granted(pod), "memory").filter(limit -> limit.compareTo(machine) < 0).isPresent()
                ? Map.of("memory", new Quantity(machine.toPlainString()))
                : Map.of();
    }

    /// Whole thousandths of a processor or bytes.
    private static BigDecimal units(Pod pod, String resource) {
        return PodTotals.requests(pod, resource).movePointRight(resource.equals("cpu") ? 3 : 0).setScale(0, RoundingMode.CEILING);
    }

    /// What a pod as a whole asks for stands in place of what its containers ask for.
    private Pod withMachine(Pod pod) {
        BigDecimal machine = machines.getOrDefault(uid(pod), Machine.NONE).requested();
        if (PodTotals.requests(pod, "memory").setScale(0, RoundingMode.CEILING).compareTo(machine) >= 0) {
            return pod;
        }
        return pod.edit().editSpec().editOrNewResources().addToRequests("memory", new Quantity(machine.toPlainString())).endResources().endSpec().build();
    }

    /// The runtime cannot give it: the pod is to have what it had before.
    synchronized void takeBack(Pod pod) {
        Grant grant = grant(pod);
        become(pod, new Grant(grant.done(), grant.done(), grant.most()));
    }

    /// All that runs of the pod has what was granted.
    synchronized void done(Pod pod) {
        Grant grant = grant(pod);
        become(pod, new Grant(grant.now()));
        if (!grant.most().equals(grant.now())) {
            freed.run();
        }
    }

    /// The pod as it was granted.
    synchronized Pod granted(Pod pod) {
        return with(pod, grant(pod).now());
    }

    /// What a container was granted when nothing was left to be done for the last time.
    synchronized Map<String, Quantity> hadRequests(Pod pod, String container) {
        return grant(pod).done().getOrDefault(container, Amounts.NONE).requests();
    }

    /// Who still holds a pod that is gone must not have it noted again.
    private Grant grant(Pod pod) {
        Noted known = noted.get(uid(pod));
        return known == null ? first(pod) : known.grant();
    }

    /// A kubelet that was killed in the middle of a change told what there was to be given back.
    private static Grant first(Pod pod) {
        Map<String, Amounts> now = new HashMap<>();
        Map<String, Amounts> had = new HashMap<>();
        for (Container each : Plan.declared(pod)) {
            Optional<ContainerStatus> status = told(pod, each);
            Amounts granted = status.map(Allocations::told).orElseGet(() -> Amounts.of(each.getResources()));
            now.put(each.getName(), granted);
            had.put(each.getName(), status.map(ContainerStatus::getResources).map(Amounts::of).filter(has -> !has.requests().isEmpty()).orElse(granted));
        }
        return new Grant(now, had);
    }

    private static Pod with(Pod pod, Map<String, Amounts> amounts) {
        if (amounts.equals(asked(pod))) {
            return pod;
        }
        return new PodBuilder(pod).editSpec()
                .withContainers(with(pod.getSpec().getContainers(), amounts))
                .withInitContainers(with(pod.getSpec().getInitContainers(), amounts))
                .endSpec().build();
    }

    private static List<Container> with(List<Container> containers, Map<String, Amounts> amounts) {
        return containers.stream().map(each -> amounts.getOrDefault(each.getName(), Amounts.NONE).in(each)).toList();
    }

    private static Map<String, Amounts> asked(Pod pod) {
        Map<String, Amounts> asked = new HashMap<>();
        Plan.declared(pod).forEach(each -> asked.put(each.getName(), Amounts.of(each.getResources())));
        return asked;
    }

    /// What the API says was granted. A status that speaks of no resources is older than any grant.
    private static Optional<ContainerStatus> told(Pod pod, Container container) {
        return pod.getStatus() == null ? Optional.empty()
                : Stream.concat(pod.getStatus().getInitContainerStatuses().stream(), pod.getStatus().getContainerStatuses().stream())
                        .filter(status -> status.getName().equals(container.getName()))
                        .filter(status -> status.getResources() != null || !Amounts.only(status.getAllocatedResources()).isEmpty())
                        .findFirst();
    }

    private static Amounts told(ContainerStatus status) {
        return new Amounts(Amounts.only(status.getAllocatedResources()), Amounts.of(status.getResources()).limits());
    }

    private static String uid(Pod pod) {
        return pod.getMetadata().getUid();
    }
}
