package io.hypernetes.apiserver.fair;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.apiserver.audit.AuditPage;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class FairnessTest {
    private static final Caller NODE = new Caller(Caller.ROOT, "system:node:n1", List.of("system:nodes"));
    private static final int MANY = 64;

    private final Fairness fairness = new Fairness(1);

    /// Comes in, or fails after the time that one waits for a seat.
    private Seat enter(Caller caller, String tenant, String method, String path) {
        return enter(caller, tenant, method, path, 0);
    }

    private Seat enter(Caller caller, String tenant, String method, String path, int bodyBytes) {
        return fairness.enter(caller, new TenantPath(tenant, "", path), Target.of(method, path, false), bodyBytes);
    }

    @Test
    void aTenantThatHoldsUpWhatNodesTellOfItsPodsHoldsUpNothingElse() {
        var status = "/api/v1/namespaces/default/pods/web/status";
        for (int i = 0; i < MANY; i++) {
            enter(NODE, "slow", "PATCH", status);
        }
        assertThatCode(() -> {
                    enter(NODE, "other", "PATCH", status);
                    enter(NODE, Caller.ROOT, "GET", "/api/v1/namespaces/kube-system/pods");
                })
                .doesNotThrowAnyException();
    }

    @Test
    void whatANodeTellsOfItselfNeedsNoSeat() {
        for (int i = 0; i < MANY; i++) {
            enter(NODE, Caller.ROOT, "PATCH", "/api/v1/nodes/other/status");
        }
        assertThatCode(() -> {
                    enter(NODE, Caller.ROOT, "PATCH", "/api/v1/nodes/n1/status");
                    enter(NODE, Caller.ROOT, "PUT", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1");
                })
                .doesNotThrowAnyException();
    }

    @Test
    void aTenantMayHaveTwoRequestsHoweverManyTenantsAreAbout() {
        for (var tenant : List.of("a", "b", "c", "d", "e")) {
            var alice = new Caller(tenant, "alice", List.of());
            assertThatCode(() -> {
                        for (int i = 0; i < 2; i++) {
                            enter(alice, tenant, "GET", "/api/v1/pods");
                            enter(alice, tenant, "POST", "/api/v1/namespaces/default/pods");
                        }
                    })
                    .doesNotThrowAnyException();
        }
    }

    /// Reading them takes a carrier each, of which there are four here.
    @Test
    void fewLargeBodiesAreReadAtOnceHoweverAloneTheirTenant() throws Exception {
        var alice = new Caller("a", "alice", List.of());
        var path = "/api/v1/namespaces/default/configmaps";
        enter(alice, "a", "POST", path, 1 << 20);
        try (var second = enter(alice, "a", "POST", path, 1 << 20); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var third = threads.submit(() -> enter(alice, "a", "PATCH", path + "/x", 1 << 20));
            assertThatThrownBy(() -> third.get(200, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            enter(alice, "a", "POST", path, 1000);
            enter(alice, "a", "GET", path);
            second.close();
            third.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void aTenantReadsItsAuditLogOnceAtATimeAndOperatorsAtWill() throws Exception {
        var alice = new Caller("a", "alice", List.of());
        try (var first = enter(alice, "a", "GET", AuditPage.PATH); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var second = threads.submit(() -> enter(alice, "a", "GET", AuditPage.PATH));
            assertThatThrownBy(() -> second.get(200, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            enter(new Caller("b", "bob", List.of()), "b", "GET", AuditPage.PATH);
            enter(alice, "a", "GET", "/version");
            enter(alice, "a", "GET", "/api/v1/pods");
            for (int i = 0; i < MANY; i++) {
                enter(new Caller(Caller.ROOT, "admin", List.of("system:masters")), "a", "GET", AuditPage.PATH);
            }
            first.close();
            second.get(10, TimeUnit.SECONDS);
        }
    }
}
