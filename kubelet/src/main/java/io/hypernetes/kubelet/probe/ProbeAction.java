package io.hypernetes.kubelet.probe;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.GRPCAction;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.Probe;
import io.grpc.Status;
import io.hypernetes.cri.v1.ExecSyncResponse;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.CriRuntime;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/// One try of a probe. exec runs in the container through the runtime; http, tcp and grpc go from the gateway
/// of the pod's tenant on this node to the pod's address. What keeps the node from making it is no failure of the container.
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
                return tcp(HttpGets.host(probe.getTcpSocket().getHost(), podIp), HttpGets.port(container, probe.getTcpSocket().getPort()), timeout);
            }
            if (probe.getGrpc() != null) {
                GRPCAction asked = probe.getGrpc();
                return grpc.check(tenant, podIp, asked.getPort(), asked.getService() == null ? "" : asked.getService(), timeout);
            }
            return ProbeResult.unknown("the probe names no action that this release knows");
        } catch (IllegalArgumentException malformed) {
            return ProbeResult.unknown(String.valueOf(malformed.getMessage()));
        }
    }

    private ProbeResult exec(String containerId, List<String> command, Duration timeout) {
        try {
            ExecSyncResponse answer = cri.execSync(containerId, command, timeout);
            String output = cut(answer.getStdout().toStringUtf8() + answer.getStderr().toStringUtf8());
            return answer.getExitCode() == 0 ? ProbeResult.SUCCESS : ProbeResult.failure(output);
        } catch (CriException failure) {
            return failure.code() == Status.Code.DEADLINE_EXCEEDED
                    ? ProbeResult.failure("command timed out: \"" + String.join(" ", command) + "\" timed out after " + timeout.toSeconds() + "s")
                    : ProbeResult.unknown(String.valueOf(failure.getMessage()));
        }
    }

    private ProbeResult http(Container container, HTTPGetAction action, String podIp, Duration timeout) {
        URI uri = HttpGets.uri(container, action, podIp);
        try {
            int status = http.get(tenant, uri, HttpGets.headers(action, "kube-probe"), timeout);
            return status >= 200 && status < 400 ? ProbeResult.SUCCESS : ProbeResult.failure("HTTP probe failed with statuscode: " + status);
        } catch (IOException failure) {
            return ProbeResult.failure("Get \"" + uri + "\": " + why(failure));
        }
    }

    private ProbeResult tcp(String host, int port, Duration timeout) {
        try (Socket socket = http.connect(tenant, host, port, timeout)) {
            return socket.isConnected() ? ProbeResult.SUCCESS : ProbeResult.failure("dial tcp " + host + ":" + port + ": not connected");
        } catch (SocketTimeoutException slow) {
            return ProbeResult.failure("dial tcp " + host + ":" + port + ": i/o timeout");
        } catch (IOException failure) {
            return ProbeResult.failure(why(failure));
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
