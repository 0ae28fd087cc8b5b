package io.hypernetes.kubelet.probe;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.GRPCAction;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Probe;
import io.hypernetes.cri.v1.ExecSyncResponse;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.CriRuntime;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// One try of a probe. exec runs in the container through the runtime; http, tcp and grpc go from the gateway
/// of the pod's tenant on this node to the pod's address.
final class ProbeAction {
    private static final int LONGEST_OUTPUT = 10 << 10;

    private final String tenant;
    private final CriRuntime cri;
    private final PodHttp http;
    private final GrpcHealth grpc;

    ProbeAction(String tenant, CriRuntime cri, PodHttp http, GrpcHealth grpc) {
        this.tenant = tenant;
        this.cri = cri;
        this.http = http;
        this.grpc = grpc;
    }

    ProbeResult run(Probe probe, Container container, String containerId, String podIp) {
        Duration timeout = Duration.ofSeconds(probe.getTimeoutSeconds() == null ? 1 : Math.max(1, probe.getTimeoutSeconds()));
        try {
            if (probe.getExec() != null) {
                return exec(containerId, probe.getExec().getCommand(), timeout);
            }
            if (probe.getHttpGet() != null) {
                return http(container, probe.getHttpGet(), podIp, timeout);
            }
            if (probe.getTcpSocket() != null) {
                return tcp(host(probe.getTcpSocket().getHost(), podIp), port(container, probe.getTcpSocket().getPort()), timeout);
            }
            if (probe.getGrpc() != null) {
                GRPCAction asked = probe.getGrpc();
                return grpc.check(tenant, podIp, asked.getPort(), asked.getService() == null ? "" : asked.getService(), timeout);
            }
            return ProbeResult.failure("the probe names no action that this release knows");
        } catch (IllegalArgumentException malformed) {
            return ProbeResult.failure(String.valueOf(malformed.getMessage()));
        }
    }

    private ProbeResult exec(String containerId, List<String> command, Duration timeout) {
        try {
            ExecSyncResponse answer = cri.execSync(containerId, command, timeout);
            String output = cut(answer.getStdout().toStringUtf8() + answer.getStderr().toStringUtf8());
            return answer.getExitCode() == 0 ? ProbeResult.SUCCESS : ProbeResult.failure(output);
        } catch (CriException failure) {
            return ProbeResult.failure(String.valueOf(failure.getMessage()));
        }
    }

    private ProbeResult http(Container container, HTTPGetAction action, String podIp, Duration timeout) {
        String scheme = "HTTPS".equalsIgnoreCase(action.getScheme()) ? "https" : "http";
        String path = action.getPath() == null || action.getPath().isEmpty() ? "/" : action.getPath();
        String host = host(action.getHost(), podIp);
        URI uri = URI.create(scheme + "://" + host + ":" + port(container, action.getPort()) + (path.startsWith("/") ? path : "/" + path));
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        action.getHttpHeaders().forEach(header -> headers.add(Map.entry(header.getName(), header.getValue() == null ? "" : header.getValue())));
        if (headers.stream().noneMatch(header -> header.getKey().equalsIgnoreCase("User-Agent"))) {
            headers.add(Map.entry("User-Agent", "kube-probe/1.36"));
        }
        try {
            int status = http.get(tenant, uri, headers, timeout);
            return status >= 200 && status < 400 ? ProbeResult.SUCCESS : ProbeResult.failure("HTTP probe failed with statuscode: " + status);
        } catch (IOException failure) {
            return ProbeResult.failure("Get \"" + uri + "\": " + why(failure));
        }
    }

    private ProbeResult tcp(String host, int port, Duration timeout) {
        try (Socket socket = http.connect(tenant, host, port, timeout)) {
            return socket.isConnected() ? ProbeResult.SUCCESS : ProbeResult.failure("dial tcp " + host + ":" + port + ": not connected");
        } catch (IOException failure) {
            return ProbeResult.failure("dial tcp " + host + ":" + port + ": " + why(failure));
        }
    }

    private static String host(@org.jspecify.annotations.Nullable String host, String podIp) {
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

    private static String why(IOException failure) {
        return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }

    private static String cut(String output) {
        byte[] bytes = output.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= LONGEST_OUTPUT ? output : new String(bytes, 0, LONGEST_OUTPUT, StandardCharsets.UTF_8);
    }
}
