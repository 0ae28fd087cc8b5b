package io.hypernetes.controllers.deployment;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.hypernetes.controllers.pods.Portion;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How large each ReplicaSet of a Deployment is to be. Decides only; changes nothing.
///
/// @param wanted pods the Deployment asks for
/// @param surge how many more there may be during a rollout
/// @param unavailable how many of the wanted ones may be missing
record Sizes(boolean rolling, int wanted, int surge, int unavailable) {

    static Sizes of(Deployment deployment) {
        int wanted = deployment.getSpec().getReplicas() == null ? 1 : deployment.getSpec().getReplicas();
        var strategy = deployment.getSpec().getStrategy();
        if (strategy != null && "Recreate".equals(strategy.getType())) {
            return new Sizes(false, wanted, 0, 0);
        }
        var rolling = strategy == null ? null : strategy.getRollingUpdate();
        int quarterUp = (wanted + 3) / 4;
        int surge = rolling == null ? quarterUp : Portion.up(rolling.getMaxSurge(), wanted, quarterUp);
        int unavailable = rolling == null ? wanted / 4 : Portion.down(rolling.getMaxUnavailable(), wanted, wanted / 4);
        // Both zero can come out of percentages of few pods; then nothing could ever move.
        if (surge == 0 && unavailable == 0) {
            unavailable = 1;
        }
        return new Sizes(true, wanted, surge, Math.min(unavailable, wanted));
    }

    int minAvailable() {
        return wanted - unavailable;
    }

    /// The most pods there may be.
    int most() {
        return wanted + surge;
    }

    /// The size that the ReplicaSet of the present template may grow to now.
    int forNew(int present, List<ReplicaSet> all) {
        if (!rolling) {
            return wanted;
        }
        int room = most() - specified(all);
        return room <= 0 ? present : present + Math.min(room, wanted - present);
    }

    /// What becomes of the old ReplicaSets in the next step of a rollout: the new size of each that changes. First pods that are not
    /// available anyway go, then as many others as may be missing.
    Map<ReplicaSet, Integer> forOld(List<ReplicaSet> old, Optional<ReplicaSet> present, List<ReplicaSet> all) {
        Map<ReplicaSet, Integer> sizes = new LinkedHashMap<>();
        int newUnavailable = present.map(set -> specified(set) - available(set)).orElse(0);
        int mayGo = specified(all) - minAvailable() - newUnavailable;
        if (specified(old) == 0 || mayGo <= 0) {
            return sizes;
        }
        List<ReplicaSet> oldest = old.stream().sorted(Revisions.OLDEST_FIRST).toList();
        int gone = 0;
        for (ReplicaSet set : oldest) {
            int useless = Math.min(mayGo - gone, specified(set) - available(set));
            if (specified(set) > 0 && useless > 0) {
                sizes.put(set, specified(set) - useless);
                gone += useless;
            }
        }
        int spare = all.stream().mapToInt(Sizes::available).sum() - minAvailable();
        for (ReplicaSet set : oldest) {
            int size = sizes.getOrDefault(set, specified(set));
            int less = Math.min(spare, size);
            if (less > 0) {
                sizes.put(set, size - less);
                spare -= less;
            }
        }
        return sizes;
    }

    /// What becomes of several ReplicaSets with pods when the Deployment is resized in the middle of a rollout: each keeps its share.
    Map<ReplicaSet, Integer> inProportion(List<ReplicaSet> active, int deploymentReplicas) {
        int allowed = wanted == 0 ? 0 : most();
        int toAdd = allowed - specified(active);
        Map<ReplicaSet, Integer> sizes = new LinkedHashMap<>();
        if (toAdd == 0) {
            active.forEach(set -> sizes.put(set, specified(set)));
            return sizes;
        }
        Comparator<ReplicaSet> largest = Comparator.comparing((ReplicaSet set) -> -specified(set));
        List<ReplicaSet> order = new ArrayList<>(active);
        order.sort(toAdd > 0 ? largest.thenComparing(Revisions.OLDEST_FIRST.reversed()) : largest.thenComparing(Revisions.OLDEST_FIRST));
        int added = 0;
        for (ReplicaSet set : order) {
            int more = specified(set) == 0 || toAdd == added ? 0 : share(set, deploymentReplicas);
            int left = toAdd - added;
            more = toAdd > 0 ? Math.min(more, left) : Math.max(more, left);
            sizes.put(set, specified(set) + more);
            added += more;
        }
        int leftover = toAdd - added;
        sizes.computeIfPresent(order.getFirst(), (set, size) -> Math.max(0, size + leftover));
        return sizes;
    }

    private int share(ReplicaSet set, int deploymentReplicas) {
        if (wanted == 0) {
            return -specified(set);
        }
        int before = Revisions.number(set, Revisions.MOST, deploymentReplicas);
        if (before == 0) {
            return 0;
        }
        return (int) Math.round((double) specified(set) * most() / before) - specified(set);
    }

    static int specified(ReplicaSet set) {
        return set.getSpec().getReplicas() == null ? 1 : set.getSpec().getReplicas();
    }

    static int specified(List<ReplicaSet> sets) {
        return sets.stream().mapToInt(Sizes::specified).sum();
    }

    static int available(ReplicaSet set) {
        return set.getStatus() == null || set.getStatus().getAvailableReplicas() == null ? 0 : set.getStatus().getAvailableReplicas();
    }
}
