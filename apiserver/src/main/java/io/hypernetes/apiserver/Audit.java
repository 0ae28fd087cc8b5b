package io.hypernetes.apiserver;

import io.hypernetes.apiserver.audit.AuditLine;
import io.hypernetes.apiserver.audit.AuditLog;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.Set;
import java.util.concurrent.TimeUnit;
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

    void tell(
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
        log.append(new AuditLine(
                clock.instant(),
                id,
                tenant,
                caller,
                impersonator,
                target,
                http.subject(),
                http.method(),
                http.path(),
                http.status(),
                TimeUnit.NANOSECONDS.toMillis(nanos),
                source,
                http.header("User-Agent").orElse("")));
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
