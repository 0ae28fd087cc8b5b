package io.hypernetes.proxy;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The variables that tell containers of services, in the two forms that Kubernetes has: its own and that of Docker's links.
final class ServiceVariables {
    private ServiceVariables() {}

    /// Those of the API server.
    static Map<String, String> ofApiServer(String address) {
        Map<String, String> variables = new LinkedHashMap<>();
        add(new ServiceView.Entry("default", "kubernetes", address, "", List.of(new ServiceView.Port("https", "TCP", 443, 0)), 0, false, false, List.of()),
                variables);
        return variables;
    }

    /// Those of the services of a namespace.
    static Map<String, String> of(ServiceView view, String namespace) {
        Map<String, String> variables = new LinkedHashMap<>();
        view.services().values().stream()
                .filter(service -> service.namespace().equals(namespace) && !service.clusterIp().isEmpty() && !service.ports().isEmpty())
                .sorted(Comparator.comparing(ServiceView.Entry::name))
                .forEach(service -> add(service, variables));
        return variables;
    }

    private static void add(ServiceView.Entry service, Map<String, String> variables) {
        String prefix = variable(service.name());
        ServiceView.Port first = service.ports().getFirst();
        variables.put(prefix + "_SERVICE_HOST", service.clusterIp());
        variables.put(prefix + "_SERVICE_PORT", Integer.toString(first.port()));
        for (ServiceView.Port port : service.ports()) {
            if (!port.name().isEmpty()) {
                variables.put(prefix + "_SERVICE_PORT_" + variable(port.name()), Integer.toString(port.port()));
            }
        }
        variables.put(prefix + "_PORT", url(service, first));
        for (ServiceView.Port port : service.ports()) {
            String one = prefix + "_PORT_" + port.port() + "_" + port.protocol();
            variables.put(one, url(service, port));
            variables.put(one + "_PROTO", port.protocol().toLowerCase(Locale.ROOT));
            variables.put(one + "_PORT", Integer.toString(port.port()));
            variables.put(one + "_ADDR", service.clusterIp());
        }
    }

    private static String url(ServiceView.Entry service, ServiceView.Port port) {
        return port.protocol().toLowerCase(Locale.ROOT) + "://" + service.clusterIp() + ":" + port.port();
    }

    private static String variable(String name) {
        return name.toUpperCase(Locale.ROOT).replace('-', '_');
    }
}
