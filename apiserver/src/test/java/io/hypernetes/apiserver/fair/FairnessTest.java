package io.hypernetes.apiserver.fair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.apiserver.audit.AuditPage;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.objects.ApiException;
import io.hypernetes.streams.StreamPlaces;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class FairnessTest {
    private static final Caller NODE = new Caller(Caller.ROOT, "system:node:n1", List.of("system:nodes"));
    private static final int MANY = 64;

    private final Fairness fairness = new Fairness(1, new StreamPlaces(2048, 256, 4), new StreamPlaces(2048, 100, 4));

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

    /// A tenant makes what these answer as large as it likes, and reads it as slowly.
    @Test
    void whoReadsWhatTheApiHasTakesASeatForReads() throws Exception {
        var alice = new Caller("a", "alice", List.of());
        // Another is about, so that there are few.
        enter(new Caller("b", "bob", List.of()), "b", "GET", "/api/v1/pods");
        for (var path : List.of("/", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/openapi/v2", "/openapi/v3", "/openapi/v3/apis/apps/v1")) {
            try (var first = enter(alice, "a", "GET", path); var second = enter(alice, "a", "GET", path); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                var third = threads.submit(() -> {
                    try (var seat = enter(alice, "a", "GET", path)) {
                        return seat.isNone();
                    }
                });
                assertThatThrownBy(() -> third.get(100, TimeUnit.MILLISECONDS)).as(path).isInstanceOf(TimeoutException.class);
                for (var free : List.of("/healthz", "/livez", "/readyz", "/version", "/openid/v1/jwks")) {
                    assertThat(enter(alice, "a", "GET", free).isNone()).isTrue();
                }
                assertThat(enter(NODE, "a", "GET", path).isNone()).isTrue();
                assertThat(enter(new Caller(Caller.ROOT, "admin", List.of("system:masters")), "a", "GET", path).isNone()).isTrue();
                first.close();
                assertThat(third.get(10, TimeUnit.SECONDS)).isFalse();
            }
        }
    }

    /// Clients ask for each group and version at once.
    @Test
    void manyQuestionsOfOneUserWaitForEachOther() throws Exception {
        var alice = new Caller("a", "alice", List.of());
        enter(new Caller("b", "bob", List.of()), "b", "GET", "/api/v1/pods");
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var asked = new ArrayList<Future<Boolean>>();
            for (int i = 0; i < 200; i++) {
                asked.add(threads.submit(() -> {
                    try (var seat = enter(alice, "a", "GET", "/apis/apps/v1")) {
                        return seat.isNone();
                    }
                }));
            }
            for (var each : asked) {
                assertThat(each.get(10, TimeUnit.SECONDS)).isFalse();
            }
        }
    }

    private Seat watch(Caller caller, String tenant) {
        var path = "/api/v1/namespaces/default/configmaps";
        return fairness.enter(caller, new TenantPath(tenant, "", path), Target.of("GET", path, true), 0);
    }

    @Test
    void aTenantHasSoManyWatchesAndNodesNeedNoPlace() {
        var alice = new Caller("a", "alice", List.of());
        var first = watch(alice, "a");
        for (int i = 1; i < 100; i++) {
            watch(alice, "a");
        }
        assertThatThrownBy(() -> watch(alice, "a")).isInstanceOfSatisfying(ApiException.class, e -> {
            assertThat(e.status().code()).isEqualTo(429);
            assertThat(e.status().message()).contains("tenant a has too many watches open");
        });
        watch(NODE, "a");
        watch(new Caller("b", "bob", List.of()), "b");
        first.close();
        watch(alice, "a");
    }

    /// Each has a connection to a node, two threads and their buffers as long as its client likes.
    @Test
    void aTenantHasSoManyStreamsAndTakesNoneFromOthers() {
        var alice = new Caller("a", "alice", List.of());
        var paths = List.of("exec", "attach", "portforward", "log", "proxy/").stream().map(each -> "/api/v1/namespaces/default/pods/web/" + each).toList();
        var taken = new ArrayList<Seat>();
        for (int i = 0; i < 256; i++) {
            taken.add(enter(alice, "a", "GET", paths.get(i % paths.size())));
        }
        for (var path : paths) {
            assertThatThrownBy(() -> enter(alice, "a", "GET", path))
                    .isInstanceOfSatisfying(ApiException.class, e -> {
                        assertThat(e.status().code()).isEqualTo(429);
                        assertThat(e.status().message()).contains("tenant a has too many streams open");
                        assertThat(e.status().details().retryAfterSeconds()).isPositive();
                    });
        }
        enter(alice, "a", "GET", "/api/v1/pods");
        enter(new Caller("b", "bob", List.of()), "b", "GET", paths.getFirst());
        enter(new Caller(Caller.ROOT, "admin", List.of("system:masters")), "a", "GET", paths.getFirst());
        taken.getFirst().close();
        taken.getFirst().close();
        enter(alice, "a", "GET", paths.getFirst());
        assertThatThrownBy(() -> enter(alice, "a", "GET", paths.getFirst())).isInstanceOf(ApiException.class);
    }

    /// Roles are the tenant's, and there may be much to compute.
    @Test
    void whoLooksWhatACallerMayHasASeatOfItsTenant() throws Exception {
        var alice = new Caller("a", "alice", List.of());
        var held = new ArrayList<Seat>();
        // Another is about, so that there are few.
        fairness.enterToLook(new Caller("b", "bob", List.of()));
        for (int i = 0; i < 2; i++) {
            held.add(fairness.enterToLook(alice));
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var further = threads.submit(() -> fairness.enterToLook(alice));
            assertThatThrownBy(() -> further.get(200, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            for (int i = 0; i < MANY; i++) {
                assertThat(fairness.enterToLook(NODE).isNone()).isTrue();
                assertThat(fairness.enterToLook(Caller.ANONYMOUS).isNone()).isTrue();
            }
            held.getFirst().close();
            assertThat(further.get(10, TimeUnit.SECONDS).isNone()).isFalse();
        }
    }
}
