package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Empties a node of the pods of all tenants, each by an eviction in its own tenant, which the tenant's disruption budgets allow or put off.
/// Which pods are let be, and which have to be asked for by name of an option, is as with `kubectl drain`, which sees one tenant's pods alone.
final class Drain {
    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration RETRY = Duration.ofSeconds(5);
    private static final String MIRROR = "kubernetes.io/config.mirror";

    private final Client client;
    private final String node;
    private final Wishes wishes;
    private final Consumer<String> say;

    /// @param tenant whose pods alone; empty: of all
    /// @param graceSeconds what each pod gets to end; negative: what it asks for itself
    /// @param timeout how long all may take; zero: for ever
    record Wishes(String tenant, boolean ignoreDaemonSets, boolean force, boolean deleteEmptyDirData, long graceSeconds, Duration timeout) {}

    /// What became of it.
    ///
    /// @param left why a pod is still there, by its name
    record Outcome(List<String> evicted, Map<String, String> left) {}

    /// @param say hears of each step
    Drain(Client client, String node, Wishes wishes, Consumer<String> say) {
        this.client = client;
        this.node = node;
        this.wishes = wishes;
        this.say = say;
    }

    /// Lets no further pod come to the node.
    ///
    /// @throws UsageException when there is no such node
    void cordon() {
        boolean there = client.of(Kind.NODE).change(ObjectKey.root(node), null, found -> {
            found.getSpec().setUnschedulable(true);
            return found;
        }).isPresent();
        if (!there) {
            throw unknown();
        }
        say.accept("node/" + node + " cordoned");
    }

    /// Looks whether there is such a node.
    ///
    /// @throws UsageException when there is none
    void look() {
        if (client.of(Kind.NODE).find(ObjectKey.root(node)).isEmpty()) {
            throw unknown();
        }
    }

    private UsageException unknown() {
        return new UsageException("there is no node '" + node + "'; `kubectl get nodes` lists them");
    }

    /// The pods that have to go, by their names.
    ///
    /// @throws UsageException when some would be lost and that was not asked for
    Map<String, Pod> pods() {
        Map<String, Pod> wanted = new TreeMap<>();
        Map<String, List<String>> refused = new LinkedHashMap<>();
        here().forEach((name, pod) -> {
            ObjectMeta meta = pod.getMetadata();
            if (meta.getAnnotations() != null && meta.getAnnotations().containsKey(MIRROR)) {
                return;
            }
            String controller = controller(meta);
            boolean over = pod.getStatus() != null && List.of("Succeeded", "Failed").contains(String.valueOf(pod.getStatus().getPhase()));
            if (controller.equals("DaemonSet") && !over) {
                if (wishes.ignoreDaemonSets) {
                    say.accept("leaving pod " + name + ", which a DaemonSet would make again");
                } else {
                    refused.computeIfAbsent("pods of DaemonSets stay (--ignore-daemonsets goes on without them)", _ -> new ArrayList<>()).add(name);
                }
                return;
            }
            if (controller.isEmpty() && !over && !wishes.force) {
                refused.computeIfAbsent("no controller would make these pods again (--force deletes them all the same)", _ -> new ArrayList<>()).add(name);
            }
            if (!over && !wishes.deleteEmptyDirData && hasEmptyDir(pod)) {
                refused.computeIfAbsent("these pods have data in an emptyDir, which goes with them (--delete-emptydir-data)", _ -> new ArrayList<>()).add(name);
            }
            wanted.put(name, pod);
        });
        if (!refused.isEmpty()) {
            List<String> reasons = new ArrayList<>();
            refused.forEach((reason, names) -> reasons.add(reason + ": " + String.join(", ", names)));
            throw new UsageException("no pod of node " + node + " was evicted: " + String.join("; ", reasons), 1);
        }
        return wanted;
    }

    /// Evicts pods, again and again where a budget puts it off, and waits until they are gone.
    Outcome evict(Map<String, Pod> pods) throws InterruptedException {
        long end = System.nanoTime() + wishes.timeout.toNanos();
        Map<String, String> waiting = new LinkedHashMap<>();
        Set<String> ending = new HashSet<>();
        List<String> evicted = new ArrayList<>();
        Map<String, String> uids = new HashMap<>();
        pods.forEach((name, pod) -> {
            waiting.put(name, "not asked to go yet");
            uids.put(name, pod.getMetadata().getUid());
        });
        long round = System.nanoTime();
        while (true) {
            if (System.nanoTime() - round >= 0) {
                round = System.nanoTime() + RETRY.toNanos();
                for (String name : List.copyOf(waiting.keySet())) {
                    if (!ending.contains(name)) {
                        String refusal = ask(Objects.requireNonNull(pods.get(name)));
                        if (refusal.isEmpty()) {
                            ending.add(name);
                        } else if (!refusal.equals(waiting.get(name))) {
                            say.accept("pod " + name + " stays for now: " + refusal);
                        }
                        waiting.put(name, refusal.isEmpty() ? "it has not ended yet" : refusal);
                    }
                }
            }
            Map<String, Pod> here = here();
            waiting.keySet().removeIf(name -> {
                Pod there = here.get(name);
                boolean gone = there == null || !there.getMetadata().getUid().equals(uids.get(name));
                if (gone) {
                    evicted.add(name);
                    say.accept("pod " + name + " evicted");
                }
                return gone;
            });
            if (waiting.isEmpty() || !wishes.timeout.isZero() && System.nanoTime() - end >= 0) {
                return new Outcome(evicted, waiting);
            }
            Thread.sleep(LOOK);
        }
    }

    /// Asks a pod to go.
    ///
    /// @return why it does not; empty when it does
    private String ask(Pod pod) {
        ObjectMeta meta = pod.getMetadata();
        Map<String, Object> options = new LinkedHashMap<>(Map.of("preconditions", Map.of("uid", meta.getUid())));
        if (wishes.graceSeconds >= 0) {
            options.put("gracePeriodSeconds", wishes.graceSeconds);
        }
        try {
            client.of(Kind.POD).createSubresource(ObjectKey.of(pod), "eviction", Map.of("apiVersion", "policy/v1", "kind", "Eviction",
                    "metadata", Map.of("name", meta.getName(), "namespace", meta.getNamespace()), "deleteOptions", options));
            return "";
        } catch (ApiException refused) {
            // One that is gone, or another by now, is seen as such by the next look.
            return refused.isNotFound() || refused.isConflict() ? "" : String.valueOf(refused.getMessage());
        }
    }

    private Map<String, Pod> here() {
        Map<String, Pod> found = new TreeMap<>();
        // Each with its tenant as an annotation, which it has in a list of all only.
        for (Pod pod : client.of(Kind.POD).list(Scope.everywhere(), Selection.fields("spec.nodeName=" + node)).items()) {
            ObjectKey key = ObjectKey.of(pod);
            if (wishes.tenant.isEmpty() || wishes.tenant.equals(key.tenant())) {
                found.put(key.toString(), pod);
            }
        }
        return found;
    }

    private static String controller(ObjectMeta meta) {
        List<OwnerReference> owners = meta.getOwnerReferences() == null ? List.of() : meta.getOwnerReferences();
        return owners.stream().filter(owner -> Boolean.TRUE.equals(owner.getController())).map(OwnerReference::getKind).findFirst().orElse("");
    }

    private static boolean hasEmptyDir(Pod pod) {
        return pod.getSpec().getVolumes() != null && pod.getSpec().getVolumes().stream().anyMatch(volume -> volume.getEmptyDir() != null);
    }
}
