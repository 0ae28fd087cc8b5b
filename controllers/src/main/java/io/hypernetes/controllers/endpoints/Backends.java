package io.hypernetes.controllers.endpoints;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.hypernetes.client.Index;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.objects.selector.LabelSelector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The pods that a Service selects, in the order of their names, and the ports that it means on each of them.
final class Backends {
    private final Index<Pod> pods;
    private final Index<Service> services;
    private final Consumer<ObjectKey> wake;

    /// A port of a pod that a port of a Service leads to.
    record Port(String name, String protocol, int number, @Nullable String appProtocol) {}

    /// Registers handlers that wake the Services whose backends may have changed.
    Backends(Caches caches, Consumer<ObjectKey> wake) {
        this.pods = caches.byNamespace(Kind.POD);
        this.services = caches.byNamespace(Kind.SERVICE);
        this.wake = wake;
        caches.of(Kind.SERVICE).handler(Caches.keys(wake));
        caches.pods().handler(new Informer.Handler<Pod>() {
            @Override
            public void added(Pod pod) {
                wakeFor(pod);
            }

            @Override
            public void updated(Pod before, Pod now) {
                if (!facts(before).equals(facts(now))) {
                    wakeFor(now);
                    if (!Selectors.labelsOf(before).equals(Selectors.labelsOf(now))) {
                        wakeFor(before);
                    }
                }
            }

            @Override
            public void deleted(Pod last) {
                wakeFor(last);
            }
        });
    }

    /// Everything about a pod that an endpoint shows or depends on; the rest of its changes is of no interest.
    private static List<Object> facts(Pod pod) {
        return List.of(Selectors.labelsOf(pod), addresses(pod), PodState.isReady(pod), PodState.isTerminating(pod), PodState.isEnded(pod), PodState.node(pod));
    }

    /// Wakes the Services that select a pod.
    void wakeFor(Pod pod) {
        for (Service service : services.get(Caches.namespaceOf(ObjectKey.of(pod)))) {
            if (selector(service).filter(labels -> labels.matches(Selectors.labelsOf(pod))).isPresent()) {
                wake.accept(ObjectKey.of(service));
            }
        }
    }

    /// Empty for a Service without a selector, whose endpoints somebody else writes, and for names of other places.
    static Optional<LabelSelector> selector(Service service) {
        Map<String, String> labels = service.getSpec() == null ? null : service.getSpec().getSelector();
        boolean external = service.getSpec() != null && "ExternalName".equals(service.getSpec().getType());
        return labels == null || labels.isEmpty() || external ? Optional.empty() : Optional.of(LabelSelector.ofLabels(labels));
    }

    List<Pod> of(ObjectKey key, LabelSelector selector) {
        return pods.get(Caches.namespaceOf(key)).stream()
                .filter(pod -> selector.matches(Selectors.labelsOf(pod)) && !PodState.isEnded(pod) && !addresses(pod).isEmpty())
                .sorted(Comparator.comparing(pod -> pod.getMetadata().getName()))
                .toList();
    }

    /// The addresses of a pod.
    static List<String> addresses(Pod pod) {
        if (pod.getStatus() == null) {
            return List.of();
        }
        List<String> addresses = new ArrayList<>();
        if (pod.getStatus().getPodIPs() != null) {
            pod.getStatus().getPodIPs().forEach(ip -> addresses.add(ip.getIp()));
        }
        String first = pod.getStatus().getPodIP();
        if (addresses.isEmpty() && first != null && !first.isEmpty()) {
            addresses.add(first);
        }
        return addresses;
    }

    /// The address of a pod in a family; null when it has none.
    static @Nullable String address(Pod pod, boolean ipv6) {
        for (String address : addresses(pod)) {
            if (address.contains(":") == ipv6) {
                return address;
            }
        }
        return null;
    }

    /// Where the ports of a Service lead on a pod; a port by a name that the pod does not have leads nowhere.
    static List<Port> ports(Service service, Pod pod) {
        List<Port> ports = new ArrayList<>();
        for (ServicePort port : service.getSpec().getPorts() == null ? List.<ServicePort>of() : service.getSpec().getPorts()) {
            String protocol = port.getProtocol() == null ? "TCP" : port.getProtocol();
            Integer number = number(port, protocol, pod);
            if (number != null) {
                ports.add(new Port(port.getName() == null ? "" : port.getName(), protocol, number, port.getAppProtocol()));
            }
        }
        return ports;
    }

    private static @Nullable Integer number(ServicePort port, String protocol, Pod pod) {
        IntOrString target = port.getTargetPort();
        if (target == null || (target.getIntVal() != null && target.getIntVal() == 0)) {
            return port.getPort();
        }
        if (target.getIntVal() != null) {
            return target.getIntVal();
        }
        List<Container> containers = new ArrayList<>(pod.getSpec().getContainers());
        if (pod.getSpec().getInitContainers() != null) {
            pod.getSpec().getInitContainers().stream().filter(init -> "Always".equals(init.getRestartPolicy())).forEach(containers::add);
        }
        for (Container container : containers) {
            for (ContainerPort candidate : container.getPorts() == null ? List.<ContainerPort>of() : container.getPorts()) {
                String its = candidate.getProtocol() == null ? "TCP" : candidate.getProtocol();
                if (Objects.equals(candidate.getName(), target.getStrVal()) && its.equals(protocol)) {
                    return candidate.getContainerPort();
                }
            }
        }
        return null;
    }

    static boolean isHeadless(Service service) {
        return "None".equals(service.getSpec().getClusterIP());
    }

    static boolean publishesNotReady(Service service) {
        return Boolean.TRUE.equals(service.getSpec().getPublishNotReadyAddresses());
    }

    /// The host name under which a headless Service knows a pod; null when it has none there.
    static @Nullable String hostname(Service service, Pod pod) {
        String hostname = pod.getSpec().getHostname();
        return hostname != null && !hostname.isEmpty() && service.getMetadata().getName().equals(pod.getSpec().getSubdomain()) ? hostname : null;
    }
}
