package io.hypernetes.proxy.dns;

import io.hypernetes.network.dns.Names;
import io.hypernetes.network.dns.Query;
import io.hypernetes.network.dns.Reply;
import io.hypernetes.proxy.ServiceView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Answers for the cluster's domain as Kubernetes' DNS specification (1.1.0) says, and for the addresses of services and pods.
public final class Zone {
    private static final String REVERSE = ".in-addr.arpa";
    private static final String SPECIFICATION = "1.1.0";

    private final String domain;
    private final RandomGenerator random;

    /// @param domain as `cluster.local`
    public Zone(String domain, RandomGenerator random) {
        this.domain = domain;
        this.random = random;
    }

    /// What a tenant with these services is told.
    public Names of(ServiceView view) {
        return (name, type) -> find(view, name, type);
    }

    private Names.Found find(ServiceView view, String name, int type) {
        if (name.endsWith(REVERSE)) {
            return reverse(view, name);
        }
        if (!name.equals(domain) && !name.endsWith("." + domain)) {
            return new Names.Found.Elsewhere();
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
            case "svc" -> service(view, name, type, Arrays.copyOf(labels, last));
            case "pod" -> pod(name, type, Arrays.copyOf(labels, last));
            default -> absent();
        };
    }

    // The labels before `svc`.
    private Names.Found service(ServiceView view, String name, int type, String[] labels) {
        int count = labels.length;
        if (count == 0) {
            return here(List.of());
        }
        String namespace = labels[count - 1];
        if (count == 1) {
            return view.services().values().stream().anyMatch(service -> service.namespace().equals(namespace)) ? here(List.of()) : absent();
        }
        Optional<ServiceView.Entry> found = view.find(namespace, labels[count - 2]);
        if (found.isEmpty()) {
            return absent();
        }
        ServiceView.Entry service = found.get();
        if (!service.externalName().isEmpty()) {
            return count == 2 ? new Names.Found.Alias(service.externalName()) : absent();
        }
        if (count == 2) {
            return type == Query.SRV ? here(every(service, name)) : here(isAddress(type) ? addresses(service, name) : List.of());
        }
        if (count == 4 && labels[0].startsWith("_") && labels[1].startsWith("_")) {
            return ports(service, name, type, labels[0].substring(1), labels[1].substring(1));
        }
        return count == 3 ? endpoint(service, name, type, labels[0]) : absent();
    }

    private List<Reply.Rr> addresses(ServiceView.Entry service, String name) {
        if (!service.isHeadless()) {
            return List.of(Reply.Rr.address(name, Reply.TTL_SECONDS, service.clusterIp()));
        }
        List<Reply.Rr> all = new ArrayList<>();
        ready(service).stream().map(ServiceView.Endpoint::address).distinct().forEach(address -> all.add(Reply.Rr.address(name, Reply.TTL_SECONDS, address)));
        // Who takes the first one shall not always take the same.
        Collections.shuffle(all, java.util.Random.from(random));
        return all;
    }

    private Names.Found endpoint(ServiceView.Entry service, String name, int type, String label) {
        List<Reply.Rr> records = ready(service).stream()
                .filter(endpoint -> service.isHeadless() && label(endpoint).equals(label))
                .map(endpoint -> Reply.Rr.address(name, Reply.TTL_SECONDS, endpoint.address()))
                .toList();
        return records.isEmpty() ? absent() : here(isAddress(type) ? records : List.of());
    }

    private Names.Found ports(ServiceView.Entry service, String name, int type, String port, String protocol) {
        List<Reply.Rr> records = new ArrayList<>();
        for (ServiceView.Port each : service.ports()) {
            if (each.name().equals(port) && each.protocol().toLowerCase(Locale.ROOT).equals(protocol)) {
                records.addAll(records(service, name, each));
            }
        }
        return records.isEmpty() ? absent() : here(type == Query.SRV || type == Query.ANY ? records : List.of());
    }

    private List<Reply.Rr> every(ServiceView.Entry service, String name) {
        List<Reply.Rr> records = new ArrayList<>();
        service.ports().forEach(port -> records.addAll(records(service, name, port)));
        return records;
    }

    private List<Reply.Rr> records(ServiceView.Entry service, String name, ServiceView.Port port) {
        String target = service.name() + "." + service.namespace() + ".svc." + domain;
        if (!service.isHeadless()) {
            return List.of(Reply.Rr.service(name, Reply.TTL_SECONDS, 100, port.port(), target));
        }
        List<ServiceView.Endpoint> ready = ready(service);
        List<Reply.Rr> records = new ArrayList<>();
        for (ServiceView.Endpoint endpoint : ready) {
            Integer number = endpoint.ports().get(port.name() + "/" + port.protocol());
            if (number != null) {
                records.add(Reply.Rr.service(name, Reply.TTL_SECONDS, Math.max(1, 100 / ready.size()), number, label(endpoint) + "." + target));
            }
        }
        return records;
    }

    private Names.Found pod(String name, int type, String[] labels) {
        if (labels.length == 2) {
            String address = labels[0].replace('-', '.');
            if (isIpv4(address)) {
                return here(isAddress(type) ? List.of(Reply.Rr.address(name, Reply.TTL_SECONDS, address)) : List.of());
            }
        }
        return labels.length == 0 ? here(List.of()) : absent();
    }

    private Names.Found reverse(ServiceView view, String name) {
        String[] parts = name.substring(0, name.length() - REVERSE.length()).split("\\.");
        if (parts.length != 4) {
            return new Names.Found.Elsewhere();
        }
        String address = parts[3] + "." + parts[2] + "." + parts[1] + "." + parts[0];
        List<Reply.Rr> records = new ArrayList<>();
        for (ServiceView.Entry service : view.services().values()) {
            String full = service.name() + "." + service.namespace() + ".svc." + domain;
            if (service.clusterIp().equals(address)) {
                records.add(Reply.Rr.name(name, Query.PTR, Reply.TTL_SECONDS, full));
            } else if (service.isHeadless()) {
                ready(service).stream()
                        .filter(endpoint -> endpoint.address().equals(address))
                        .forEach(endpoint -> records.add(Reply.Rr.name(name, Query.PTR, Reply.TTL_SECONDS, label(endpoint) + "." + full)));
            }
        }
        return records.isEmpty() ? new Names.Found.Elsewhere() : here(records);
    }

    private static List<ServiceView.Endpoint> ready(ServiceView.Entry service) {
        return service.endpoints().stream().filter(ServiceView.Endpoint::ready).toList();
    }

    private static String label(ServiceView.Endpoint endpoint) {
        return endpoint.hostname().isEmpty() ? endpoint.address().replace('.', '-') : endpoint.hostname().toLowerCase(Locale.ROOT);
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
