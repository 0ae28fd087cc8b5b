package io.hypernetes.controllers.endpoints;

import io.fabric8.kubernetes.api.model.EndpointAddress;
import io.fabric8.kubernetes.api.model.EndpointAddressBuilder;
import io.fabric8.kubernetes.api.model.EndpointPort;
import io.fabric8.kubernetes.api.model.EndpointPortBuilder;
import io.fabric8.kubernetes.api.model.EndpointSubset;
import io.fabric8.kubernetes.api.model.EndpointSubsetBuilder;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.EndpointsBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.controllers.pods.PodControl;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/// Writes the Endpoints of Services with a selector: the older form of the same knowledge, at most a thousand addresses of it.
public final class EndpointsWriter implements Controller {
    static final String MANAGED_BY = "endpoints.kubernetes.io/managed-by";
    private static final String MANAGER = "endpoint-controller";
    private static final String OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";
    private static final int LARGEST = 1000;

    private final Client client;
    private final TriggerTimes triggers = new TriggerTimes();
    private Caches caches;
    private Backends backends;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public EndpointsWriter(Client client) {
        this.client = client;
    }

    @Override
    public String name() {
        return "endpoints";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.backends = new Backends(caches, wake);
        caches.of(Kind.ENDPOINTS).handler(Caches.keys(wake));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        Service service = caches.of(Kind.SERVICE).get(key).orElse(null);
        Optional<Endpoints> existing = caches.of(Kind.ENDPOINTS).get(key);
        if (service == null) {
            triggers.forget(key);
            // Others may use Endpoints for their own ends; only what this controller made goes with its Service.
            existing.filter(there -> Selectors.labelsOf(there).containsKey(MANAGED_BY))
                    .filter(there -> client.of(Kind.SERVICE).find(key).isEmpty())
                    .ifPresent(there -> client.of(Kind.ENDPOINTS).delete(key, new Deletion(null, there.getMetadata().getUid())));
            return Optional.empty();
        }
        LabelSelector selector = Backends.selector(service).orElse(null);
        if (selector == null || service.getMetadata().getDeletionTimestamp() != null) {
            triggers.forget(key);
            return Optional.empty();
        }
        Map<String, String> labels = new HashMap<>(Selectors.labelsOf(service));
        labels.put(MANAGED_BY, MANAGER);
        labels.remove(SliceWriter.HEADLESS);
        if (Backends.isHeadless(service)) {
            labels.put(SliceWriter.HEADLESS, "");
        }
        List<Pod> all = backends.of(key, selector);
        Instant trigger = triggers.look(key, service, all);
        List<Pod> pods = all.stream().filter(pod -> !PodState.isTerminating(pod)).toList();
        boolean over = pods.size() > LARGEST;
        List<EndpointSubset> subsets = subsets(service, over ? mostUseful(pods) : pods);
        boolean same = existing.isPresent()
                && Objects.equals(existing.get().getSubsets(), subsets)
                && Selectors.labelsOf(existing.get()).equals(labels);
        if (same) {
            triggers.written(key);
            return Optional.empty();
        }
        EndpointsBuilder wanted = existing.map(EndpointsBuilder::new).orElseGet(() -> new EndpointsBuilder()
                        .withNewMetadata().withName(key.name()).withNamespace(key.namespace()).endMetadata())
                .editMetadata().withLabels(labels)
                .withAnnotations(TriggerTimes.noted(existing.map(there -> there.getMetadata().getAnnotations()).orElse(null), trigger))
                .removeFromAnnotations(OVER_CAPACITY).endMetadata()
                .withSubsets(subsets);
        if (over) {
            wanted.editMetadata().addToAnnotations(OVER_CAPACITY, "truncated").endMetadata();
        }
        try {
            if (existing.isPresent()) {
                client.of(Kind.ENDPOINTS).update(key.tenant(), wanted.build());
            } else {
                client.of(Kind.ENDPOINTS).create(key.tenant(), wanted.build());
            }
            triggers.written(key);
        } catch (ApiException refused) {
            // Made by an earlier step that the cache does not show yet: its event wakes us.
            if (!refused.isAlreadyExists() && !PodControl.isTerminatingNamespace(refused)) {
                throw refused;
            }
        }
        return Optional.empty();
    }

    private static List<Pod> mostUseful(List<Pod> pods) {
        return pods.stream().sorted(Comparator.comparing((Pod pod) -> !PodState.isReady(pod))).limit(LARGEST).toList();
    }

    /// Addresses with the same ports make a subset.
    private static List<EndpointSubset> subsets(Service service, List<Pod> pods) {
        boolean ipv6 = service.getSpec().getIpFamilies() != null && !service.getSpec().getIpFamilies().isEmpty()
                && "IPv6".equals(service.getSpec().getIpFamilies().getFirst());
        Map<List<EndpointPort>, EndpointSubsetBuilder> subsets = new LinkedHashMap<>();
        boolean hasPorts = service.getSpec().getPorts() != null && !service.getSpec().getPorts().isEmpty();
        for (Pod pod : pods) {
            String ip = Backends.address(pod, ipv6);
            List<EndpointPort> ports = new ArrayList<>();
            Backends.ports(service, pod).forEach(port -> ports.add(new EndpointPortBuilder()
                    .withName(port.name().isEmpty() ? null : port.name()).withProtocol(port.protocol()).withPort(port.number())
                    .withAppProtocol(port.appProtocol()).build()));
            if (ip == null || (ports.isEmpty() && (hasPorts || !Backends.isHeadless(service)))) {
                continue;
            }
            EndpointAddress address = new EndpointAddressBuilder()
                    .withIp(ip)
                    .withHostname(Backends.hostname(service, pod))
                    .withNodeName(PodState.node(pod).isEmpty() ? null : PodState.node(pod))
                    .withNewTargetRef().withKind("Pod").withNamespace(pod.getMetadata().getNamespace())
                    .withName(pod.getMetadata().getName()).withUid(pod.getMetadata().getUid()).endTargetRef()
                    .build();
            EndpointSubsetBuilder subset = subsets.computeIfAbsent(ports, fresh -> new EndpointSubsetBuilder().withPorts(fresh));
            if (PodState.isReady(pod) || Backends.publishesNotReady(service)) {
                subset.addToAddresses(address);
            } else {
                subset.addToNotReadyAddresses(address);
            }
        }
        // In the order that upstream puts them in (SortSubsets in pkg/api/v1/endpoints/util.go), so that nothing changes with the names of pods.
        Comparator<EndpointAddress> byAddress = Comparator.comparing(EndpointAddress::getIp).thenComparing(address -> address.getTargetRef().getUid());
        return subsets.values().stream().map(EndpointSubsetBuilder::build).map(subset -> new EndpointSubsetBuilder(subset)
                .withAddresses(subset.getAddresses().stream().sorted(byAddress).toList())
                .withNotReadyAddresses(subset.getNotReadyAddresses().stream().sorted(byAddress).toList()).build()).toList();
    }
}
