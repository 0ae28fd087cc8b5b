package io.hypernetes.controllers.endpoints;

import io.fabric8.kubernetes.api.model.EndpointAddress;
import io.fabric8.kubernetes.api.model.EndpointSubset;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPortBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Copies Endpoints that people write by hand, for Services without a selector, into EndpointSlices, which is what everybody reads.
public final class EndpointMirror implements Controller {
    private static final String MANAGER = "endpointslicemirroring-controller.k8s.io";
    private static final String SKIP = "endpointslice.kubernetes.io/skip-mirror";
    private static final Set<String> NOT_MIRRORED = Set.of(
            "endpoints.kubernetes.io/last-change-trigger-time", "kubectl.kubernetes.io/last-applied-configuration");
    private static final String LEADER = "control-plane.alpha.kubernetes.io/leader";
    private static final Duration UNSEEN = Duration.ofMillis(200);
    private static final int MOST_OF_A_SUBSET = 1000;

    private final Client client;
    private Caches caches;
    private SliceWriter writer;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public EndpointMirror(Client client) {
        this.client = client;
    }

    @Override
    public String name() {
        return "endpointslice-mirroring";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.writer = SliceWriter.of(client, MANAGER, caches);
        caches.of(Kind.ENDPOINTS).handler(Caches.keys(wake));
        caches.of(Kind.SERVICE).handler(Caches.keys(wake));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        Endpoints endpoints = caches.of(Kind.ENDPOINTS).get(key).orElse(null);
        Service service = caches.of(Kind.SERVICE).get(key).orElse(null);
        if (endpoints == null || service == null || !isMirrored(endpoints, service)) {
            writer.of(key).forEach(slice -> writer.delete(key, slice));
            return Optional.empty();
        }
        if (!writer.own().visible(key)) {
            return Optional.of(UNSEEN);
        }
        Map<SlicePlan.Group, List<Endpoint>> wanted = new LinkedHashMap<>();
        for (EndpointSubset subset : endpoints.getSubsets() == null ? List.<EndpointSubset>of() : endpoints.getSubsets()) {
            List<EndpointPort> ports = SlicePlan.sorted((subset.getPorts() == null ? List.<io.fabric8.kubernetes.api.model.EndpointPort>of() : subset.getPorts()).stream()
                    .map(port -> new EndpointPortBuilder().withName(port.getName() == null ? "" : port.getName())
                            .withProtocol(port.getProtocol()).withPort(port.getPort()).withAppProtocol(port.getAppProtocol()).build())
                    .toList());
            add(wanted, ports, subset.getAddresses(), true);
            add(wanted, ports, subset.getNotReadyAddresses(), false);
        }
        Map<String, String> labels = new HashMap<>(Selectors.labelsOf(endpoints));
        labels.remove(SliceWriter.HEADLESS);
        if (Backends.isHeadless(service)) {
            labels.put(SliceWriter.HEADLESS, "");
        }
        // What others noted of the Endpoints is noted of their mirror too (newEndpointSlice in upstream's endpointslicemirroring/utils.go).
        Map<String, String> annotations = SliceWriter.annotationsOf(endpoints);
        annotations.keySet().removeAll(NOT_MIRRORED);
        var owner = new OwnerReferenceBuilder().withApiVersion("v1").withKind("Endpoints").withName(key.name())
                .withUid(endpoints.getMetadata().getUid()).withController(true).withBlockOwnerDeletion(true).build();
        writer.write(key, endpoints, owner, labels, new SliceWriter.Notes(_ -> annotations, true), SlicePlan.of(wanted, writer.of(key)));
        return Optional.empty();
    }

    private static void add(Map<SlicePlan.Group, List<Endpoint>> wanted, List<EndpointPort> ports,
            @Nullable List<EndpointAddress> addresses, boolean ready) {
        int taken = 0;
        for (EndpointAddress address : addresses == null ? List.<EndpointAddress>of() : addresses) {
            if (taken++ == MOST_OF_A_SUBSET) {
                return;
            }
            String type = address.getIp().contains(":") ? "IPv6" : "IPv4";
            wanted.computeIfAbsent(new SlicePlan.Group(type, ports), fresh -> new ArrayList<>()).add(new EndpointBuilder()
                    .withAddresses(address.getIp())
                    .withNewConditions().withReady(ready).withServing(ready).endConditions()
                    .withHostname(orNull(address.getHostname()))
                    .withNodeName(orNull(address.getNodeName()))
                    .withTargetRef(address.getTargetRef())
                    .build());
        }
    }

    /// A slice may leave out what it does not know, and not say that it is empty.
    private static @Nullable String orNull(@Nullable String text) {
        return text == null || text.isEmpty() ? null : text;
    }

    private static boolean isMirrored(Endpoints endpoints, Service service) {
        Map<String, String> annotations = endpoints.getMetadata().getAnnotations();
        return endpoints.getMetadata().getDeletionTimestamp() == null
                && Backends.selector(service).isEmpty()
                && !"true".equals(Selectors.labelsOf(endpoints).get(SKIP))
                && !Selectors.labelsOf(endpoints).containsKey(EndpointsWriter.MANAGED_BY)
                && (annotations == null || !annotations.containsKey(LEADER));
    }
}
