package io.hypernetes.kubelet.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.hypernetes.kubelet.PodDialer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Names whose servers do not answer, of some tenants, beside names that are answered.
@Timeout(60)
class HostLookupsTest {
    private static final Duration LONG = Duration.ofSeconds(50), SHORT = Duration.ofMillis(50);

    private final Semaphore answers = new Semaphore(0);
    private final Set<String> asked = ConcurrentHashMap.newKeySet();
    private final HostLookups lookups = new HostLookups(host -> {
        asked.add(host);
        if (host.contains("dead")) {
            answers.acquireUninterruptibly();
        }
        return new InetAddress[] {InetAddress.getLoopbackAddress()};
    });

    @AfterEach
    void end() {
        answers.release(10_000);
    }

    private CompletableFuture<InetAddress> find(String tenant, String host, Duration left) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return lookups.find(tenant, host, Deadline.in(left));
            } catch (IOException failure) {
                throw new IllegalStateException(failure);
            }
        }, Thread::startVirtualThread);
    }

    private void findsDead(String tenant, int hosts) {
        for (int i = 0; i < hosts; i++) {
            find(tenant, "dead" + i + "." + tenant, LONG);
        }
    }

    /// Whoever looks up has no carrier of virtual threads, of which there are few.
    @Test
    void nobodyWaitsLongerThanItMayTakeOrHoldsACarrier() {
        CompletableFuture<Thread> asking = new CompletableFuture<>();
        HostLookups silent = new HostLookups(host -> {
            asking.complete(Thread.currentThread());
            answers.acquireUninterruptibly();
            throw new UnknownHostException(host);
        });
        assertThatThrownBy(() -> silent.all("acme", "registry.test", SHORT)).isInstanceOf(SocketTimeoutException.class).hasMessage("lookup registry.test: i/o timeout");
        assertThat(asking).succeedsWithin(LONG).matches(thread -> !thread.isVirtual());
    }

    @Test
    void aNameBeyondThoseOfATenantWaitsForAPlace() {
        findsDead("acme", 16);
        await().until(() -> asked.size() == 16);
        CompletableFuture<InetAddress> web = find("acme", "web.acme", LONG);
        assertThatThrownBy(() -> lookups.find("acme", "late.acme", Deadline.in(SHORT))).isInstanceOf(IOException.class).hasMessageContaining("too many other hosts");
        assertThat(web).isNotDone();
        assertThat(asked).hasSize(16);
        answers.release();
        assertThat(web).succeedsWithin(LONG);
    }

    @Test
    void allTenantsTogetherHaveOnlySoMany() {
        for (int tenant = 0; tenant < 50; tenant++) {
            findsDead("t" + tenant, 2);
        }
        await().until(() -> asked.size() == 32);
        answers.release(20);
        await().until(() -> asked.size() == 52);
        assertThatThrownBy(() -> lookups.find("late", "web.late", Deadline.in(SHORT))).isInstanceOf(IOException.class);
        assertThat(asked).hasSize(52);
        answers.release(10_000);
        await().until(() -> asked.size() == 100);
    }

    @Test
    void whoHasNoneFindsAPlaceBesideTenantsThatHaveAllTheyMay() {
        for (String tenant : new String[] {"a", "b", "c"}) {
            findsDead(tenant, 40);
        }
        await().until(() -> asked.size() >= 24);
        assertThat(find("late", "web.late", LONG)).succeedsWithin(LONG);
    }

    @Test
    void aLookupThatFailsInAnUnknownWayLeavesNothingBehind() throws IOException {
        AtomicInteger tries = new AtomicInteger();
        HostLookups broken = new HostLookups(host -> {
            if (tries.incrementAndGet() == 1) {
                throw new StackOverflowError("of the resolver");
            }
            return new InetAddress[] {InetAddress.getLoopbackAddress()};
        });
        assertThatThrownBy(() -> broken.find("acme", "web.acme", Deadline.in(Duration.ofSeconds(5)))).isInstanceOf(IOException.class);
        assertThat(broken.find("acme", "web.acme", Deadline.in(Duration.ofSeconds(5)))).isEqualTo(InetAddress.getLoopbackAddress());
    }

    /// What keeps the node from asking is no failure of the container.
    @Test
    void aProbeForWhoseHostThereWasNoPlaceSaysNothing() {
        findsDead("acme", 16);
        await().until(() -> asked.size() == 16);
        ProbeAction action = new ProbeAction("acme", null, new PodHttp(PodDialer.DIRECT, lookups), null);
        Probe http = new ProbeBuilder().withNewHttpGet().withHost("web.acme").withNewPort(80).endHttpGet().build();
        Probe tcp = new ProbeBuilder().withNewTcpSocket().withHost("web.acme").withNewPort(80).endTcpSocket().build();
        for (Probe probe : new Probe[] {http, tcp}) {
            ProbeResult result = action.run(probe, new Container(), "c1", "127.0.0.1");
            assertThat(result.outcome()).isEqualTo(ProbeResult.Outcome.UNKNOWN);
            assertThat(result.output()).contains("too many other hosts");
        }
    }

    /// Somebody else's lookups have taken some of its time.
    @Test
    void norDoesOneThatWasHeldUpByThemAndIsLateTherefore() throws Exception {
        findsDead("acme", 16);
        await().until(() -> asked.size() == 16);
        // Who connects is not refused, and is not answered.
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            for (String host : new String[] {"dead.late.acme", "web.acme"}) {
                ProbeResult result = heldUp(new ProbeBuilder().withTimeoutSeconds(2)
                        .withNewHttpGet().withHost(host).withNewPort(silent.getLocalPort()).endHttpGet().build());
                assertThat(result.outcome()).as(host + ": " + result.output()).isEqualTo(ProbeResult.Outcome.UNKNOWN);
            }
        }
        find("acme", "dead.more.acme", LONG);
        await().until(() -> asked.contains("dead.more.acme"));
        ProbeResult tcp = heldUp(new ProbeBuilder().withTimeoutSeconds(2).withNewTcpSocket().withHost("dead.tcp.acme").withNewPort(80).endTcpSocket().build());
        assertThat(tcp.outcome()).isEqualTo(ProbeResult.Outcome.UNKNOWN);
    }

    @Test
    void butOneThatIsRefusedHasFailedHoweverLateThatIs() throws Exception {
        findsDead("acme", 16);
        await().until(() -> asked.size() == 16);
        int free;
        try (ServerSocket nobody = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            free = nobody.getLocalPort();
        }
        ProbeResult result = heldUp(new ProbeBuilder().withTimeoutSeconds(20).withNewHttpGet().withHost("web.acme").withNewPort(free).endHttpGet().build());
        assertThat(result.outcome()).isEqualTo(ProbeResult.Outcome.FAILURE);
    }

    /// A place becomes free once the probe waits for one.
    private ProbeResult heldUp(Probe probe) throws Exception {
        ProbeAction action = new ProbeAction("acme", null, new PodHttp(PodDialer.DIRECT, lookups), null);
        FutureTask<ProbeResult> result = new FutureTask<>(() -> action.run(probe, new Container(), "c1", "127.0.0.1"));
        Thread probing = Thread.ofPlatform().start(result);
        await().until(() -> probing.getState() == Thread.State.TIMED_WAITING);
        answers.release();
        return result.get(30, TimeUnit.SECONDS);
    }
}
