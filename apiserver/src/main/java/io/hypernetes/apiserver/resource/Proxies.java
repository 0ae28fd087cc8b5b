package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.node.PodHttp;
import io.hypernetes.apiserver.node.TenantDialer;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// `pods/proxy` and `services/proxy`: HTTP to what runs in a pod, with the rights of the caller to the pod or service.
final class Proxies {
    private static final int HTTP = 80;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Store store;
    private final TenantDialer dialer;
    private final PodHttp http;

    Proxies(Store store, TenantDialer dialer) {
        this.store = store;
        this.dialer = dialer;
        this.http = new PodHttp();
    }

    void pod(ResourceRequest request) throws IOException {
        var asked = ProxyName.parse("pod", request.target().name());
        var pod = object(request, asked);
        int port = asked.port().isEmpty() ? firstPort(pod) : number(asked.port());
        if (port <= 0) {
            throw ApiStatus.badRequest("invalid pod request \"" + request.target().name() + "\": \"" + asked.port() + "\" is no port")
                    .asException();
        }
        if (Json.string(pod, "status", "podIP").isEmpty()) {
            throw ApiStatus.badRequest("address not allowed: pod " + asked.name() + " has no address yet").asException();
        }
        relay(request, asked, pod, port);
    }

    void service(ResourceRequest request) throws IOException {
        var asked = ProxyName.parse("service", request.target().name());
        var service = object(request, asked);
        var portName = asked.port();
        int number = number(portName);
        if (number > 0) {
            portName = Json.objects(service.path("spec"), "ports").stream()
                    .filter(port -> Json.number(port, 0, "port") == number)
                    .map(port -> Json.string(port, "name"))
                    .findFirst()
                    .orElseThrow(() -> ApiStatus.unavailable("no service port " + number + " found for service \"" + asked.name() + "\"")
                            .asException());
        }
        TenantDialer.Endpoint endpoint;
        try {
            endpoint = dialer.endpoint(request.tenant(), request.target().namespace(), asked.name(), portName);
        } catch (IOException none) {
            throw ApiStatus.unavailable(String.valueOf(none.getMessage())).asException();
        }
        relay(request, asked, endpoint.pod(), endpoint.port());
    }

    private void relay(ResourceRequest request, ProxyName asked, ObjectNode pod, int port) throws IOException {
        var path = request.target().proxied();
        if (path.isEmpty() && List.of("GET", "HEAD").contains(request.http().method())) {
            // Relative links of the page would else lead astray.
            var query = request.http().rawQuery();
            request.http().setHeader("Location", request.http().path() + "/" + (query.isEmpty() ? "" : "?" + query));
            request.http().send(301, "", new byte[0]);
            return;
        }
        Socket socket;
        try {
            socket = dialer.connect(request.tenant(), pod, port, PATIENCE);
        } catch (IOException unreachable) {
            throw unreachable(unreachable);
        }
        var own = request.http().path();
        var prefix = own.substring(0, own.length() - path.length());
        var host = Json.string(pod, "status", "podIP");
        http.relay(request.http(), socket, asked.https(), (host.contains(":") ? "[" + host + "]" : host) + ":" + port, prefix, path);
    }

    private static RuntimeException unreachable(IOException why) {
        return ApiStatus.unavailable("error trying to reach service: " + why.getMessage()).asException();
    }

    private ObjectNode object(ResourceRequest request, ProxyName asked) {
        var target = request.target();
        return store.get(new ObjectKey(request.tenant(), "", target.plural(), target.namespace(), asked.name()).text())
                .map(entry -> Json.readObject(entry.value()))
                .orElseThrow(() -> ApiStatus.notFound("", target.plural(), asked.name()).asException());
    }

    private static int firstPort(ObjectNode pod) {
        for (var container : Json.objects(pod.path("spec"), "containers")) {
            var ports = Json.objects(container, "ports");
            if (!ports.isEmpty()) {
                return (int) Json.number(ports.getFirst(), HTTP, "containerPort");
            }
        }
        return HTTP;
    }

    /// A port; 0 when it is none.
    private static int number(String text) {
        return text.matches("[0-9]{1,5}") && Integer.parseInt(text) <= 65_535 ? Integer.parseInt(text) : 0;
    }
}
