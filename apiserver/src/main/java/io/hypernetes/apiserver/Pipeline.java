package io.hypernetes.apiserver;

import io.hypernetes.apiserver.access.Authentication;
import io.hypernetes.apiserver.access.Authorisation;
import io.hypernetes.apiserver.access.Impersonation;
import io.hypernetes.apiserver.access.Suspension;
import io.hypernetes.apiserver.access.TenantResolution;
import io.hypernetes.apiserver.audit.Stage;
import io.hypernetes.apiserver.door.Doors;
import io.hypernetes.apiserver.fair.Fairness;
import io.hypernetes.apiserver.fair.Seat;
import io.hypernetes.apiserver.http.ClientGoneException;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.http.ExchangeHandler;
import io.hypernetes.apiserver.login.LoginPage;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.apiserver.resource.Answers;
import io.hypernetes.apiserver.resource.ExpiredListException;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.RandomReserve;
import io.hypernetes.store.StoreException;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The way of a request, stage by stage. The order is here and nowhere else; each stage either passes the request on or
/// throws what to answer.
final class Pipeline implements ExchangeHandler {
    private static final Logger log = LoggerFactory.getLogger(Pipeline.class);
    private static final Set<String> LONG = Set.of("attach", "exec", "proxy", "log", "portforward");

    private final LoginPage login;
    private final Authentication authentication;
    private final TenantResolution tenants;
    private final Impersonation impersonation;
    private final Authorisation authorisation;
    private final Suspension suspension;
    private final Fairness fairness;
    private final Routes routes;
    private final Metrics metrics;
    private final Audit audit;
    private final RandomReserve random;

    Pipeline(
            LoginPage login,
            Authentication authentication,
            TenantResolution tenants,
            Impersonation impersonation,
            Authorisation authorisation,
            Suspension suspension,
            Fairness fairness,
            Routes routes,
            Metrics metrics,
            Audit audit,
            RandomReserve random) {
        this.login = login;
        this.authentication = authentication;
        this.tenants = tenants;
        this.impersonation = impersonation;
        this.authorisation = authorisation;
        this.suspension = suspension;
        this.fairness = fairness;
        this.routes = routes;
        this.metrics = metrics;
        this.audit = audit;
        this.random = random;
    }

    @Override
    public void handle(Exchange http) throws IOException {
        long start = System.nanoTime();
        var auditId = http.header("Audit-Id").filter(id -> id.length() <= 64).orElseGet(() -> random.uuid().toString());
        http.setHeader("Audit-Id", auditId);
        var trail = new Trail();
        metrics.began();
        try {
            serve(http, trail, auditId, start);
        } catch (ApiException e) {
            refuse(http, e.status(), e);
        } catch (ExpiredListException e) {
            Answers.json(http, 410, e.toJson());
        } catch (StoreException e) {
            log.error("event=store-failed audit={} path={}", auditId, http.path(), e);
            refuse(http, ApiStatus.unavailable("the store cannot serve the request: " + e.getMessage()), e);
        } catch (ClientGoneException e) {
            throw e;
        } catch (RuntimeException | IOException e) {
            trail.failed = true;
            log.error("event=request-failed audit={} method={} path={}", auditId, http.method(), http.path(), e);
            refuse(http, ApiStatus.internal("see the server's log for audit id " + auditId), e);
        } finally {
            var target = trail.target;
            long took = System.nanoTime() - start;
            // Only what was served is named, so that guessed names do not fill the memory.
            if (target != null && target.resource() && http.status() < 300) {
                metrics.ended(target.verb(), target.resourcePath(), http.status(), took);
            } else {
                metrics.ended("other", "", http.status(), took);
            }
            var caller = trail.caller;
            audit.tell(trail.failed ? Stage.PANIC : Stage.RESPONSE_COMPLETE, http, auditId, trail.tenant, caller, trail.impersonator, target, took);
            log.debug(
                    "event=request audit={} user={} tenant={} method={} path={} code={} ms={}",
                    auditId,
                    caller == null ? "" : caller.user(),
                    trail.tenant,
                    http.method(),
                    http.path(),
                    http.status(),
                    TimeUnit.NANOSECONDS.toMillis(took));
        }
    }

    private void serve(Exchange http, Trail trail, String auditId, long start) throws IOException {
        if (LoginPage.serves(http.path())) {
            // Of no tenant, and for people who cannot prove yet who they are.
            trail.caller = login.serve(http);
            return;
        }
        var authenticated = Doors.admitted(http, authentication.callerOf(http));
        trail.caller = authenticated;
        var tenant = tenants.resolve(authenticated, http.path());
        var caller = impersonated(http, authenticated, tenant);
        if (caller != authenticated) {
            trail.impersonator = authenticated;
            trail.caller = caller;
            // Who somebody is decides where they may be.
            tenant = tenants.resolve(caller, http.path());
        }
        trail.tenant = tenant.tenant();
        var target = Target.of(http.method(), tenant.path(), http.flag("watch"));
        trail.target = target;
        var place = tenant;
        if (isLong(target)) {
            http.onBegin(() -> audit.tell(
                    Stage.RESPONSE_STARTED, http, auditId, trail.tenant, caller, trail.impersonator, target, System.nanoTime() - start));
        }
        try (var seat = fairness.enter(caller, place, target, http.body().length)) {
            seat.during(() -> {
                var decision = decide(http, caller, place, target, seat);
                http.annotate("authorization.k8s.io/decision", decision.allowed() ? "allow" : "forbid");
                http.annotate("authorization.k8s.io/reason", decision.reason());
                authorisation.require(decision, caller, target);
                suspension.check(caller, place, target);
                routes.serve(http, caller, place, target);
                return seat;
            });
        }
    }

    /// Who is to be believed to call.
    private Caller impersonated(Exchange http, Caller authenticated, TenantPath tenant) {
        if (!Impersonation.isAsked(http)) {
            return authenticated;
        }
        try (var seat = fairness.enterToLook(authenticated)) {
            return seat.during(() -> impersonation.apply(http, authenticated, tenant));
        }
    }

    private Authorisation.Decision decide(Exchange http, Caller caller, TenantPath tenant, Target target, Seat held) {
        if (!held.isNone()) {
            return authorisation.decide(caller, tenant, target, http.query("fieldSelector"));
        }
        try (var seat = fairness.enterToLook(caller)) {
            return seat.during(() -> authorisation.decide(caller, tenant, target, http.query("fieldSelector")));
        }
    }

    /// What may go on for hours, as upstream's server has it (`BasicLongRunningRequestCheck` of apiserver's `pkg/server/filters/longrunning.go`).
    private static boolean isLong(Target target) {
        return target.resource() && (target.verb().equals("watch") || LONG.contains(target.subresource()));
    }

    private static void refuse(Exchange http, ApiStatus status, Exception cause) throws IOException {
        if (http.status() != 0) {
            // The answer has begun already: all that is left is to break it off.
            throw new IOException("failed after the answer began", cause);
        }
        Answers.status(http, status);
    }

    /// What became known of a request on its way, for the log.
    private static final class Trail {
        private @Nullable Caller caller;
        private @Nullable Caller impersonator;
        private @Nullable Target target;
        private String tenant = "";
        private boolean failed;
    }
}
