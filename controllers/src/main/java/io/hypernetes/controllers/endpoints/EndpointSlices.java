package io.hypernetes.controllers.endpoints;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointHints;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.ForNode;
import io.fabric8.kubernetes.api.model.discovery.v1.ForZone;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Index;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.controllers.pods.Claims;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Writes the EndpointSlices of Services with a selector.
public final class EndpointSlices implements Controller {
    static final String MANAGER = "endpointslice-controller.k8s.io";
    private static final Set<String> NEAR = Set.of("PreferClose", "PreferSameZone", "PreferSameNode");
    /// Stands for the nodes among the keys of Services.
    private static final ObjectKey NODES = ObjectKey.root("nodes");
    /// Pods that one event names: it is cut at a thousand bytes anyway.
    private static final int MOST_TOLD = 10;
    private static final Duration UNSEEN = Duration.ofMillis(200);

    private final Client client;
    private final EventRecorder events;
    /// Nodes that are not there, by the Service that leaves their pods out.
    private final Map<ObjectKey, Set<String>> missing = new ConcurrentHashMap<>();
    private final TriggerTimes triggers = new TriggerTimes();
    private Caches caches;
    private Backends backends;
    private TopologyHints topology;
    private SliceWriter writer;
    private Consumer<ObjectKey> wake;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public EndpointSlices(Client client, EventRecorder events) {
        this.client = client;
        this.events = events;
    }

    @Override
    public String name() {
        return "endpointslice";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.wake = wake;
        this.backends = new Backends(caches, wake);
        this.writer = SliceWriter.of(client, MANAGER, caches);
        this.topology = new TopologyHints(caches.nodes()::list, wake);
        followNodes(wake);
        caches.of(Kind.ENDPOINT_SLICE).handler(Caches.each(slice -> {
            String service = Selectors.labelsOf(slice).get(SliceWriter.SERVICE);
            if (service != null && MANAGER.equals(Selectors.labelsOf(slice).get(SliceWriter.MANAGED_BY))) {
                ObjectKey key = ObjectKey.of(slice);
                wake.accept(new ObjectKey(key.tenant(), key.namespace(), service));
            }
        }));
    }

    private void followNodes(Consumer<ObjectKey> wake) {
        Index<Pod> pods = caches.podsByNode();
        caches.nodes().handler(new Informer.Handler<Node>() {
            @Override
            public void added(Node node) {
                wake.accept(NODES);
                missing.forEach((service, nodes) -> {
                    if (nodes.contains(node.getMetadata().getName())) {
                        wake.accept(service);
                    }
                });
            }

            @Override
            public void updated(Node before, Node now) {
                boolean moved = !ZoneShares.zone(before).equals(ZoneShares.zone(now));
                if (moved || ZoneShares.isReady(before) != ZoneShares.isReady(now)) {
                    wake.accept(NODES);
                }
                if (moved) {
                    pods.get(now.getMetadata().getName()).forEach(backends::wakeFor);
                }
            }

            @Override
            public void deleted(Node last) {
                wake.accept(NODES);
                pods.get(last.getMetadata().getName()).forEach(backends::wakeFor);
            }
        });
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        if (key.equals(NODES)) {
            topology.look().forEach(wake);
            return Optional.empty();
        }
        Service service = caches.of(Kind.SERVICE).get(key).orElse(null);
        LabelSelector selector = service == null ? null : Backends.selector(service).orElse(null);
        if (service == null || selector == null || service.getMetadata().getDeletionTimestamp() != null) {
            triggers.forget(key);
            topology.forget(key);
            missing.remove(key);
            // A Service that lost its selector is somebody else's from now on; one that is gone needs no slices.
            if (service == null || service.getMetadata().getDeletionTimestamp() == null) {
                writer.of(key).forEach(slice -> writer.delete(key, slice));
            }
            return Optional.empty();
        }
        if (!writer.own().visible(key)) {
            return Optional.of(UNSEEN);
        }
        Map<SlicePlan.Group, List<Endpoint>> wanted = new LinkedHashMap<>();
        List<Pod> all = backends.of(key, selector);
        Instant trigger = triggers.look(key, service, all);
        List<Pod> pods = present(key, service, all);
        for (boolean ipv6 : families(service)) {
            String type = ipv6 ? "IPv6" : "IPv4";
            boolean any = false;
            for (Pod pod : pods) {
                String address = Backends.address(pod, ipv6);
                List<EndpointPort> ports = SlicePlan.sorted(ports(service, pod));
                boolean portless = ports.isEmpty() && service.getSpec().getPorts() != null && !service.getSpec().getPorts().isEmpty();
                if (address != null && !(portless && !Backends.isHeadless(service))) {
                    any = true;
                    wanted.computeIfAbsent(new SlicePlan.Group(type, ports), fresh -> new ArrayList<>()).add(endpoint(service, pod, address));
                }
            }
            if (!any) {
                wanted.put(new SlicePlan.Group(type, List.of()), new ArrayList<>());
            }
        }
        List<EndpointSlice> existing = writer.of(key);
        TopologyHints.Planned planned = TopologyHints.isWantedBy(service)
                ? topology.plan(key, wanted, existing)
                : new TopologyHints.Planned(SlicePlan.of(wanted, existing), topology.withdraw(key, families(service).getFirst() ? "IPv6" : "IPv4"));
        try {
            writer.write(key, service, Claims.reference(Kind.SERVICE, service), labels(service), new SliceWriter.Notes(noted -> TriggerTimes.noted(noted, trigger), false), planned.plan());
            triggers.written(key);
        } finally {
            planned.told().forEach(told -> events.record(key.tenant(), service, told.type(), told.reason(), told.message()));
        }
        return Optional.empty();
    }

    /// Without the pods of nodes that are not there, or no longer: nobody says whether they still run (reconcileByAddressType in upstream's
    /// endpointslice/reconciler.go). Who wants pods that are not ready gets these too.
    private List<Pod> present(ObjectKey key, Service service, List<Pod> pods) {
        Set<String> absent = pods.stream().map(PodState::node).filter(this::isAbsent).collect(Collectors.toSet());
        if (absent.isEmpty()) {
            missing.remove(key);
            return pods;
        }
        // Noted before it is looked again, so that a node that comes in between is not overlooked.
        missing.put(key, absent);
        if (Backends.publishesNotReady(service)) {
            return pods;
        }
        List<Pod> present = pods.stream().filter(pod -> !isAbsent(PodState.node(pod))).toList();
        List<String> left = pods.stream().filter(pod -> isAbsent(PodState.node(pod))).limit(MOST_TOLD)
                .map(pod -> "skipping Pod %s for Service %s/%s: Node %s Not Found".formatted(pod.getMetadata().getName(), key.namespace(), key.name(), PodState.node(pod)))
                .toList();
        if (!left.isEmpty()) {
            events.record(key.tenant(), service, EventRecorder.Type.WARNING, "FailedToUpdateEndpointSlices", "Error updating Endpoint Slices for Service %s/%s: %s"
                    .formatted(key.namespace(), key.name(), left.size() == 1 ? left.getFirst() : "[" + String.join(", ", left) + "]"));
        }
        return present;
    }

    private boolean isAbsent(String node) {
        return caches.nodes().get(ObjectKey.root(node)).isEmpty();
    }

    private static List<Boolean> families(Service service) {
        List<String> families = service.getSpec().getIpFamilies();
        return families == null || families.isEmpty() ? List.of(false) : families.stream().map("IPv6"::equals).distinct().toList();
    }

    static Map<String, String> labels(Service service) {
        Map<String, String> labels = new HashMap<>(Selectors.labelsOf(service));
        labels.remove(SliceWriter.HEADLESS);
        if (Backends.isHeadless(service)) {
            labels.put(SliceWriter.HEADLESS, "");
        }
        return labels;
    }

    private static List<EndpointPort> ports(Service service, Pod pod) {
        return Backends.ports(service, pod).stream()
                .map(port -> new EndpointPortBuilder()
                        .withName(port.name()).withProtocol(port.protocol()).withPort(port.number()).withAppProtocol(port.appProtocol()).build())
                .toList();
    }

    private Endpoint endpoint(Service service, Pod pod, String address) {
        boolean serving = PodState.isReady(pod);
        boolean terminating = PodState.isTerminating(pod);
        boolean ready = Backends.publishesNotReady(service) || (serving && !terminating);
        String node = PodState.node(pod);
        String zone = caches.nodes().get(ObjectKey.root(node)).map(ZoneShares::zone).filter(found -> !found.isEmpty()).orElse(null);
        return new EndpointBuilder()
                .withAddresses(address)
                .withNewConditions()
                .withReady(ready)
                .withServing(serving)
                .withTerminating(terminating)
                .endConditions()
                .withHostname(Backends.hostname(service, pod))
                .withNodeName(node.isEmpty() ? null : node)
                .withZone(zone)
                .withHints(ready && !TopologyHints.isWantedBy(service) ? hints(service, node, zone) : null)
                .withNewTargetRef()
                .withKind("Pod")
                .withNamespace(pod.getMetadata().getNamespace())
                .withName(pod.getMetadata().getName())
                .withUid(pod.getMetadata().getUid())
                .endTargetRef()
                .build();
    }

    /// Whose clients an endpoint is for, when its Service prefers those that are near (upstream's endpointslice/trafficdist/trafficdist.go).
    private static @Nullable EndpointHints hints(Service service, String node, @Nullable String zone) {
        String distribution = service.getSpec().getTrafficDistribution();
        boolean sameNode = "PreferSameNode".equals(distribution) && !node.isEmpty();
        boolean sameZone = zone != null && distribution != null && NEAR.contains(distribution);
        return sameNode || sameZone
                ? new EndpointHints(sameNode ? List.of(new ForNode(node)) : List.of(), sameZone ? List.of(new ForZone(zone)) : List.of())
                : null;
    }
}
