package io.hypernetes.kubelet.probe;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.IntOrString;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where an `httpGet` of a probe or a hook goes, and with which headers.
public final class HttpGets {
    private HttpGets() {}

    /// Its address: on the pod unless it names a host; ports may be named as the container names them.
    ///
    /// @throws IllegalArgumentException when the container has no port of that name, or the path is none
    public static URI uri(Container container, HTTPGetAction action, String podIp) {
        String scheme = "HTTPS".equalsIgnoreCase(action.getScheme()) ? "https" : "http";
        String path = action.getPath() == null || action.getPath().isEmpty() ? "/" : action.getPath();
        return URI.create(scheme + "://" + host(action.getHost(), podIp) + ":" + port(container, action.getPort()) + (path.startsWith("/") ? path : "/" + path));
    }

    /// Its headers, with one more that tells who asks unless they do.
    ///
    /// @param agent the name of who asks, without version
    public static List<Map.Entry<String, String>> headers(HTTPGetAction action, String agent) {
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        action.getHttpHeaders().forEach(header -> headers.add(Map.entry(header.getName(), header.getValue() == null ? "" : header.getValue())));
        if (headers.stream().noneMatch(header -> header.getKey().equalsIgnoreCase("User-Agent"))) {
            headers.add(Map.entry("User-Agent", agent + "/1.36"));
        }
        return headers;
    }

    static String host(@Nullable String host, String podIp) {
        return host == null || host.isEmpty() ? podIp : host;
    }

    static int port(Container container, IntOrString port) {
        if (port.getIntVal() != null) {
            return port.getIntVal();
        }
        String name = port.getStrVal();
        for (ContainerPort each : container.getPorts()) {
            if (name.equals(each.getName())) {
                return each.getContainerPort();
            }
        }
        try {
            return Integer.parseInt(name);
        } catch (NumberFormatException notANumber) {
            throw new IllegalArgumentException("container " + container.getName() + " has no port named \"" + name + "\"");
        }
    }
}
