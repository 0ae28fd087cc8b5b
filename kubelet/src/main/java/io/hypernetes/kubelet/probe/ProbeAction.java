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
import java.util.Optional;

/// One try of a probe. exec runs in the container through the runtime; http, tcp and grpc go from the gateway
/// of the pod's tenant on this node to the pod's address. What keeps the node from making it is no failure of the container.
final class ProbeAction {
    private static final int LONGEST_OUTPUT = 10 << 10;
    private static final int MOST_REQUESTS = 10;
    private static final ProbeResult REDIRECTED = ProbeResult.warning("Probe terminated redirects");

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
            ExecSyncResponse answer = cri.execSync(containerId, command, timeout, LONGEST_OUTPUT);
            String output = cut(answer.getStdout().toStringUtf8() + answer.getStderr().toStringUtf8());
            return answer.getExitCode() == 0 ? ProbeResult.SUCCESS : ProbeResult.failure(output);
        } catch (CriException failure) {
            return failure.code() == Status.Code.DEADLINE_EXCEEDED
                    ? ProbeResult.failure("command timed out: \"" + String.join(" ", command) + "\" timed out after " + timeout.toSeconds() + "s")
                    : ProbeResult.unknown(String.valueOf(failure.getMessage()));
        }
    }

    /// Follows redirects on the same host. One that leads elsewhere ends it, and has found somebody who answers; one that leads nowhere, or one too many, is
    /// a failure. Whatever is answered says something of the container: only what the spec says cannot be asked.
    private ProbeResult http(Container container, HTTPGetAction action, String podIp, Duration timeout) {
        URI uri = HttpGets.uri(container, action, podIp);
        Deadline deadline = Deadline.in(timeout);
        try {
            for (int requests = 0; requests < MOST_REQUESTS; requests++) {
                PodHttp.Answer answer = http.ask(tenant, uri, HttpGets.headers(action, "kube-probe"), deadline);
                String location = answer.location();
                if (location == null || location.isEmpty()) {
                    return answer.status() >= 300 && answer.status() < 400 ? REDIRECTED
                            : answer.status() >= 200 && answer.status() < 400 ? ProbeResult.SUCCESS
                            : ProbeResult.failure("HTTP probe failed with statuscode: " + answer.status());
                }
                Optional<URI> next = Redirect.follow(uri, location);
                if (next.isEmpty()) {
                    return REDIRECTED;
                }
                uri = next.get();
            }
            throw new IOException("stopped after " + MOST_REQUESTS + " redirects");
        } catch (HostLookups.NoPlaceException crowded) {
            return ProbeResult.unknown(why(crowded));
        } catch (IOException failure) {
            return ProbeResult.failure("Get \"" + uri + "\": " + why(failure));
        }
    }

    private ProbeResult tcp(String host, int port, Duration timeout) {
        Deadline deadline = Deadline.in(timeout);
        try (Socket socket = http.connect(tenant, host, port, deadline)) {
            return socket.isConnected() ? ProbeResult.SUCCESS : ProbeResult.failure("dial tcp " + host + ":" + port + ": not connected");
        } catch (SocketTimeoutException slow) {
            IOException late = deadline.late("dial tcp " + host + ":" + port + ": i/o timeout", slow);
            return deadline.wasHeldUp() ? ProbeResult.unknown(why(late)) : ProbeResult.failure(why(late));
        } catch (HostLookups.NoPlaceException crowded) {
            return ProbeResult.unknown(why(crowded));
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
