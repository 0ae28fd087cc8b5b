package io.hypernetes.proxy.dns;

import io.hypernetes.network.dns.Names;
import io.hypernetes.network.dns.Query;
import io.hypernetes.network.dns.Reply;
import io.hypernetes.proxy.ServiceView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Answers for the cluster's domain as Kubernetes' DNS specification (1.1.0) says, and for the addresses of services and pods.
public final class Zone {
    private static final String REVERSE = ".in-addr.arpa";
    private static final String SPECIFICATION = "1.1.0";
    private static final int LARGEST_ANSWER = 65_535;

    private final String domain;
    private final RandomGenerator random;

    /// @param domain as `cluster.local`
    public Zone(String domain, RandomGenerator random) {
        this.domain = domain;
        this.random = random;
    }

    /// What a tenant with these services is told. To be kept for as long as these are its services: they are put in order here, so that a question does not look through
    /// all of them.
    public Names of(ServiceView view) {
        return new Known(view);
    }

    private String fullName(ServiceView.Entry service) {
        return service.name() + "." + service.namespace() + ".svc." + domain;
    }

    /// What an address is of.
    ///
    /// @param endpoint null for the service itself
    private record Pointer(ServiceView.Entry service, ServiceView.@Nullable Endpoint endpoint) {}

    private final class Known implements Names {
        private final ServiceView view;
        private final Set<String> namespaces = new HashSet<>();
        private final Map<String, Headless> headless = new HashMap<>();
        private final Map<String, List<Pointer>> pointers = new HashMap<>();

        Known(ServiceView view) {
            this.view = view;
            view.services().forEach((key, service) -> {
                namespaces.add(service.namespace());
                if (!service.clusterIp().isEmpty()) {
                    point(service.clusterIp(), new Pointer(service, null));
                } else if (service.isHeadless()) {
                    headless.put(key, new Headless(service, fullName(service)));
                    service.endpoints().stream().filter(ServiceView.Endpoint::ready).forEach(endpoint -> point(endpoint.address(), new Pointer(service, endpoint)));
                }
            });
        }

        private void point(String address, Pointer pointer) {
            pointers.computeIfAbsent(address, first -> new ArrayList<>(1)).add(pointer);
        }

        @Override
        public Found find(String name, int type) {
            return find(name, type, LARGEST_ANSWER);
        }

        @Override
        public Found find(String name, int type, int most) {
            if (name.endsWith(REVERSE)) {
                return reverse(name, most);
            }
            if (!name.equals(domain) && !name.endsWith("." + domain)) {
                return new Found.Elsewhere();
            }
            String rest = name.equals(domain) ? "" : name.substring(0, name.length() - domain.length() - 1);
            String[] labels = rest.isEmpty() ? new String[0] : rest.split("\\.");
            int last = labels.length - 1;
            if (last < 0) {
                return here(List.of());
            }
            if (last == 0 && labels[0].equals("dns-version")) {
                return here(type == Query.TXT ? List.of(Reply.Rr.text(name, Reply.TTL_SECONDS, SPECIFICATION)) : List.of());
            }
            return switch (labels[last]) {
                case "svc" -> service(name, type, Arrays.copyOf(labels, last), most);
                case "pod" -> pod(name, type, Arrays.copyOf(labels, last));
                default -> absent();
            };
        }

        // The labels before `svc`.
        private Found service(String name, int type, String[] labels, int most) {
            int count = labels.length;
            if (count == 0) {
                return here(List.of());
            }
            String namespace = labels[count - 1];
            if (count == 1) {
                return namespaces.contains(namespace) ? here(List.of()) : absent();
            }
            Optional<ServiceView.Entry> found = view.find(namespace, labels[count - 2]);
            if (found.isEmpty()) {
                return absent();
            }
            ServiceView.Entry service = found.get();
            if (!service.externalName().isEmpty()) {
                return count == 2 ? new Found.Alias(service.externalName()) : absent();
            }
            Headless endpoints = headless.get(namespace + "/" + labels[count - 2]);
            if (count == 2) {
                return type == Query.SRV
                        ? here(every(service, endpoints, name, most))
                        : here(isAddress(type) ? addresses(service, endpoints, name, most) : List.of());
            }
            if (count == 4 && labels[0].startsWith("_") && labels[1].startsWith("_")) {
                return ports(service, endpoints, name, type, labels[0].substring(1), labels[1].substring(1), most);
            }
            return count == 3 && endpoints != null ? endpoint(endpoints, name, type, labels[0], most) : absent();
        }

        private List<Reply.Rr> addresses(ServiceView.Entry service, @Nullable Headless endpoints, String name, int most) {
            return endpoints == null
                    ? List.of(Reply.Rr.address(name, Reply.TTL_SECONDS, service.clusterIp()))
                    : endpoints.addresses(Answer.addresses(most), random);
        }

        private Found endpoint(Headless endpoints, String name, int type, String label, int most) {
            List<ServiceView.Endpoint> found = endpoints.labelled(label);
            if (found.isEmpty()) {
                return absent();
            }
            return here(isAddress(type)
                    ? found.stream().limit(Answer.addresses(most)).map(endpoint -> Reply.Rr.address(name, Reply.TTL_SECONDS, endpoint.address())).toList()
                    : List.of());
        }

        private Found ports(ServiceView.Entry service, @Nullable Headless endpoints, String name, int type, String port, String protocol, int most) {
            Answer answer = new Answer(most);
            for (ServiceView.Port each : service.ports()) {
                if (each.name().equals(port) && each.protocol().toLowerCase(Locale.ROOT).equals(protocol)) {
                    add(answer, service, endpoints, each, name);
                }
            }
            return answer.records().isEmpty() ? absent() : here(type == Query.SRV || type == Query.ANY ? answer.records() : List.of());
        }

        private List<Reply.Rr> every(ServiceView.Entry service, @Nullable Headless endpoints, String name, int most) {
            Answer answer = new Answer(most);
            service.ports().forEach(port -> add(answer, service, endpoints, port, name));
            return answer.records();
        }

        private void add(Answer answer, ServiceView.Entry service, @Nullable Headless endpoints, ServiceView.Port port, String name) {
            if (answer.isFull()) {
                return;
            }
            if (endpoints == null) {
                answer.add(Reply.Rr.service(name, Reply.TTL_SECONDS, 100, port.port(), fullName(service)));
            } else {
                endpoints.add(answer, port, name, fullName(service));
            }
        }

        private Found reverse(String name, int most) {
            String[] parts = name.substring(0, name.length() - REVERSE.length()).split("\\.");
            if (parts.length != 4) {
                return new Found.Elsewhere();
            }
            List<Pointer> found = pointers.get(parts[3] + "." + parts[2] + "." + parts[1] + "." + parts[0]);
            if (found == null) {
                return new Found.Elsewhere();
            }
            Answer answer = new Answer(most);
            for (Pointer each : found) {
                if (answer.isFull()) {
                    break;
                }
                String full = fullName(each.service());
                answer.add(Reply.Rr.name(name, Query.PTR, Reply.TTL_SECONDS, each.endpoint() == null ? full : Headless.label(each.endpoint()) + "." + full));
            }
            return here(answer.records());
        }
    }

    private static Names.Found pod(String name, int type, String[] labels) {
        if (labels.length == 2) {
            String address = labels[0].replace('-', '.');
            if (isIpv4(address)) {
                return here(isAddress(type) ? List.of(Reply.Rr.address(name, Reply.TTL_SECONDS, address)) : List.of());
            }
        }
        return labels.length == 0 ? here(List.of()) : absent();
    }

    private static boolean isAddress(int type) {
        return type == Query.A || type == Query.ANY;
    }

    private static boolean isIpv4(String text) {
        if (!text.matches("\\d{1,3}(\\.\\d{1,3}){3}")) {
            return false;
        }
        return Arrays.stream(text.split("\\.")).allMatch(part -> Integer.parseInt(part) <= 255);
    }

    private static Names.Found here(List<Reply.Rr> records) {
        return new Names.Found.Here(Reply.of(records));
    }

    private static Names.Found absent() {
        return new Names.Found.Here(Reply.noSuchName());
    }
}
