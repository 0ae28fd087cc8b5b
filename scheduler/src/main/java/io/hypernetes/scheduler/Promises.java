package io.hypernetes.scheduler;

import io.hypernetes.client.ObjectKey;
import io.hypernetes.scheduler.PodFacts.HostPort;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/// Room on one node that is kept for pods while others make way for them there.
///
/// From its own tenant's pods of the same or a lower priority all is kept that a pod asks for. Of another tenant's pods a priority says nothing, or whoever gives the highest
/// would keep everybody off nodes where it has nothing: from those only that is kept which has made way for it, so that for them a node stays as it is while a tenant
/// exchanges its pods there. Pods of the operator's tenant are to others what they are in [Preemption]: they keep all from those that they could send away, and nothing
/// is kept from those of them that could send away the pod itself.
///
/// Not thread-safe.
final class Promises {
    private static final Comparator<Promise> FIRST_SERVED = Comparator
            .<Promise, Boolean>comparing(promise -> !promise.isOperators())
            .thenComparing(promise -> -(long) promise.pod.priority())
            .thenComparing(promise -> promise.pod.key().toString());

    private final Map<String, Map<ObjectKey, Promise>> byTenant = new HashMap<>();
    /// Those for which something has made way. A tenant may have very many others, which are nothing to other tenants.
    private final Map<ObjectKey, Promise> served = new HashMap<>();

    private static final class Promise {
        final PodFacts pod;
        Demand left = Demand.NOTHING;
        final Set<HostPort> ports = new HashSet<>();

        Promise(PodFacts pod) {
            this.pod = pod;
        }

        boolean isOperators() {
            return pod.key().tenant().equals(ObjectKey.ROOT);
        }
    }

    /// A pod is to come here when those that make way for it are gone. What has made way for it already stays kept.
    void add(PodFacts pod) {
        Promise before = served.get(pod.key());
        Promise promise = new Promise(pod);
        byTenant.computeIfAbsent(pod.key().tenant(), fresh -> new HashMap<>()).put(pod.key(), promise);
        if (before != null) {
            promise.left = before.left;
            promise.ports.addAll(before.ports);
            served.put(pod.key(), promise);
        }
    }

    void remove(ObjectKey pod) {
        served.remove(pod);
        Map<ObjectKey, Promise> ofTenant = byTenant.get(pod.tenant());
        if (ofTenant != null) {
            ofTenant.remove(pod);
            if (ofTenant.isEmpty()) {
                byTenant.remove(pod.tenant());
            }
        }
    }

    /// A pod that was to make way has gone from here: what it leaves is for those who may have its place, the most important first.
    void madeWay(PodFacts victim) {
        Demand rest = victim.demand();
        for (Promise promise : byTenant.values().stream().map(Map::values).flatMap(Collection::stream)
                .filter(promise -> Preemption.mayTakeThePlaceOf(promise.pod, victim)).sorted(FIRST_SERVED).toList()) {
            Demand given = rest.least(promise.pod.demand().minus(promise.left));
            List<HostPort> ports = promise.pod.ports().stream().filter(port -> victim.ports().stream().anyMatch(port::collides)).toList();
            if (!given.equals(Demand.NOTHING) || !ports.isEmpty()) {
                promise.left = promise.left.plus(given);
                promise.ports.addAll(ports);
                served.put(promise.pod.key(), promise);
                rest = rest.minus(given);
            }
        }
    }

    /// What of the node is kept from a pod.
    Demand keptFrom(PodFacts pod) {
        if (byTenant.isEmpty()) {
            return Demand.NOTHING;
        }
        Demand[] kept = {Demand.NOTHING};
        each(pod, (demand, ports) -> kept[0] = kept[0].plus(demand));
        return kept[0];
    }

    /// Whether a port of the node that a pod asks for is kept from it.
    boolean collide(PodFacts pod) {
        if (byTenant.isEmpty()) {
            return false;
        }
        boolean[] collide = {false};
        each(pod, (demand, ports) -> collide[0] |= ports.stream().anyMatch(kept -> pod.ports().stream().anyMatch(kept::collides)));
        return collide[0];
    }

    private void each(PodFacts pod, BiConsumer<Demand, Set<HostPort>> kept) {
        String tenant = pod.key().tenant();
        for (Promise promise : of(tenant)) {
            if (promise.pod.keepsRoomFrom(pod)) {
                kept.accept(promise.pod.demand(), promise.pod.ports());
            }
        }
        if (!tenant.equals(ObjectKey.ROOT)) {
            for (Promise promise : of(ObjectKey.ROOT)) {
                if (Preemption.mayTakeThePlaceOf(promise.pod, pod)) {
                    kept.accept(promise.pod.demand(), promise.pod.ports());
                }
            }
        }
        for (Promise promise : served.values()) {
            if (!promise.pod.key().tenant().equals(tenant)
                    && !Preemption.mayTakeThePlaceOf(promise.pod, pod) && !Preemption.mayTakeThePlaceOf(pod, promise.pod)) {
                kept.accept(promise.left, promise.ports);
            }
        }
    }

    private Collection<Promise> of(String tenant) {
        Map<ObjectKey, Promise> known = byTenant.get(tenant);
        return known == null ? List.of() : known.values();
    }
}
