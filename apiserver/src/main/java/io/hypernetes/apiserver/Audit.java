package io.hypernetes.apiserver;

import io.hypernetes.apiserver.audit.AuditLine;
import io.hypernetes.apiserver.audit.AuditLog;
import io.hypernetes.apiserver.audit.Sources;
import io.hypernetes.apiserver.audit.Stage;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Which requests get a line in the audit log: all of people and programs; of the master's components and of nodes only what changes something,
/// and not their heartbeats and reports, which would bury the rest. Health checks get none.
final class Audit {
    private static final Set<String> REPORTS = Set.of("leases", "events");

    private final @Nullable AuditLog log;
    private final Clock clock;

    /// @param log null for none
    Audit(@Nullable AuditLog log, Clock clock) {
        this.log = log;
        this.clock = clock;
    }

    /// @param nanos since the request came
    void tell(
            Stage stage,
            Exchange http,
            String id,
            String tenant,
            @Nullable Caller caller,
            @Nullable Caller impersonator,
            @Nullable Target target,
            long nanos) {
        if (log == null || !wanted(http.path(), caller, target)) {
            return;
        }
        var source = http.remoteAddress() instanceof InetSocketAddress address && address.getAddress() != null
                ? address.getAddress().getHostAddress()
                : "";
        var now = clock.instant();
        log.append(new AuditLine(
                stage,
                now.minusNanos(nanos),
                now,
                id,
                tenant,
                caller,
                impersonator,
                target,
                http.subject(),
                http.method(),
                http.path(),
                http.status(),
                new Sources(forwarded(http), source),
                http.header("User-Agent").orElse(""),
                http.annotations()));
    }

    private static List<String> forwarded(Exchange http) {
        var forwarded = http.headers("X-Forwarded-For");
        var real = http.headers("X-Real-Ip");
        return real.isEmpty() ? forwarded : Stream.concat(forwarded.stream(), real.stream()).toList();
    }

    private static boolean wanted(String path, @Nullable Caller caller, @Nullable Target target) {
        if (path.startsWith("/livez") || path.startsWith("/readyz") || path.startsWith("/healthz")) {
            return false;
        }
        boolean component = caller != null
                && (caller.isControllerManager() || caller.isScheduler() || caller.node().isPresent());
        return !component
                || (target != null
                        && target.writes()
                        && !REPORTS.contains(target.plural())
                        && !target.subresource().equals("status"));
    }
}
