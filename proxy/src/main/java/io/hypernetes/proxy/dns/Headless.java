package io.hypernetes.proxy.dns;

import io.hypernetes.network.dns.Reply;
import io.hypernetes.proxy.ServiceView;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/// The ready endpoints of a service without an address, put in order once, so that a question costs what its answer has and not what the service has. Immutable.
final class Headless {
    private final int ready;
    private final List<Reply.Rr> addresses = new ArrayList<>();
    private final Map<String, List<ServiceView.Endpoint>> byLabel = new HashMap<>();
    private final Map<String, List<Sharing>> byPort = new HashMap<>();

    /// Endpoints with the same ports.
    private record Sharing(Map<String, Integer> ports, List<ServiceView.Endpoint> endpoints) {}

    /// @param name of the service, in full
    Headless(ServiceView.Entry service, String name) {
        Set<String> distinct = new LinkedHashSet<>();
        Map<Map<String, Integer>, Sharing> sharing = new IdentityHashMap<>();
        int count = 0;
        for (ServiceView.Endpoint endpoint : service.endpoints()) {
            if (!endpoint.ready()) {
                continue;
            }
            count++;
            distinct.add(endpoint.address());
            byLabel.computeIfAbsent(label(endpoint), first -> new ArrayList<>(1)).add(endpoint);
            sharing.computeIfAbsent(endpoint.ports(), ports -> {
                Sharing first = new Sharing(ports, new ArrayList<>());
                ports.keySet().forEach(port -> byPort.computeIfAbsent(port, none -> new ArrayList<>(1)).add(first));
                return first;
            }).endpoints().add(endpoint);
        }
        ready = count;
        distinct.forEach(address -> addresses.add(Reply.Rr.address(name, Reply.TTL_SECONDS, address)));
    }

    /// The label that an endpoint has below its service.
    static String label(ServiceView.Endpoint endpoint) {
        return endpoint.hostname().isEmpty() ? endpoint.address().replace('.', '-') : endpoint.hostname().toLowerCase(Locale.ROOT);
    }

    /// Their addresses, or that many of them, drawn each time: who takes the first one shall not always take the same.
    List<Reply.Rr> addresses(int most, RandomGenerator random) {
        List<Reply.Rr> drawn;
        if (addresses.size() <= most) {
            drawn = new ArrayList<>(addresses);
        } else {
            // R. W. Floyd's way to draw some of many: each set of them is as likely as any other.
            Set<Integer> numbers = new LinkedHashSet<>();
            for (int last = addresses.size() - most; last < addresses.size(); last++) {
                if (!numbers.add(random.nextInt(last + 1))) {
                    numbers.add(last);
                }
            }
            drawn = new ArrayList<>(most);
            numbers.forEach(number -> drawn.add(addresses.get(number)));
        }
        Collections.shuffle(drawn, java.util.Random.from(random));
        return drawn;
    }

    List<ServiceView.Endpoint> labelled(String label) {
        return byLabel.getOrDefault(label, List.of());
    }

    /// The services' records of a port.
    ///
    /// @param owner the name that was asked for
    /// @param target the service's name
    void add(Answer answer, ServiceView.Port port, String owner, String target) {
        String key = port.name() + "/" + port.protocol();
        for (Sharing each : byPort.getOrDefault(key, List.of())) {
            for (ServiceView.Endpoint endpoint : each.endpoints()) {
                if (answer.isFull()) {
                    return;
                }
                answer.add(Reply.Rr.service(owner, Reply.TTL_SECONDS, Math.max(1, 100 / ready), each.ports().getOrDefault(key, 0), label(endpoint) + "." + target));
            }
        }
    }
}
