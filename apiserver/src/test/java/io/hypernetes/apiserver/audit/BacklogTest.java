package io.hypernetes.apiserver.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BacklogTest {
    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

    private final Backlog backlog = new Backlog(60 * line("blue").bytes());

    private static AuditLine line(String tenant) {
        return line(new Caller(tenant, "alice", List.of()), null, "");
    }

    private static AuditLine line(@Nullable Caller caller, @Nullable Caller impersonator, String agent) {
        return new AuditLine(
                Stage.RESPONSE_COMPLETE, Instant.EPOCH, Instant.EPOCH, "id", "blue", caller, impersonator, Target.of("GET", "/version", false), "", "GET", "/version", 200,
                new Sources(List.of(), "192.0.2.1"), agent, Map.of());
    }

    /// How many lines of a tenant there is room for.
    private int flood(String tenant) throws InterruptedException {
        int added = 0;
        while (backlog.offer(line(tenant), 0)) {
            added++;
        }
        return added;
    }

    @Test
    void whoeverFloodsLeavesRoomForOthers() throws Exception {
        assertThat(flood("blue")).isEqualTo(30);
        assertThat(flood("cyan")).isEqualTo(15);
        assertThat(flood("teal")).isEqualTo(7);
        assertThat(backlog.offer(line("pink"), 0)).isTrue();
        assertThat(backlog.offer(line("blue"), 0)).isFalse();
        // In the order in which they came, whoever caused them.
        var taken = backlog.take(100);
        assertThat(taken).hasSize(53);
        assertThat(taken.getLast().origin()).isEqualTo("pink");
    }

    @Test
    void whatIsLongTakesMoreRoom() throws Exception {
        var agent = "x".repeat((int) (backlog.room() / 8));
        assertThat(backlog.offer(line(new Caller("blue", "alice", List.of()), null, agent), 0)).isTrue();
        assertThat(backlog.offer(line(new Caller("blue", "alice", List.of()), null, agent), 0)).isFalse();
        assertThat(backlog.offer(line(new Caller("cyan", "alice", List.of()), null, agent), 0)).isTrue();
    }

    /// Else whoever writes what was taken would hold as much again.
    @Test
    void whatWasTakenCountsUntilTheNextIsTaken() throws Exception {
        flood("blue");
        assertThat(backlog.take(30)).hasSize(30);
        assertThat(backlog.offer(line("blue"), 0)).isFalse();
        var waiting = CompletableFuture.supplyAsync(() -> {
            try {
                return backlog.offer(line("blue"), MINUTE);
            } catch (InterruptedException e) {
                return false;
            }
        });
        assertThat(backlog.take(30)).hasSize(1);
        assertThat(waiting.get(1, TimeUnit.MINUTES)).isTrue();
    }

    /// A tenant that others may call cannot be silenced by them.
    @Test
    void linesCountForWhoCausesThemAndStrangersForNobody() {
        var blue = new Caller("blue", "alice", List.of());
        var operator = new Caller(Caller.ROOT, "admin", List.of("system:masters"));
        assertThat(line(blue, null, "").origin()).isEqualTo("blue");
        assertThat(line(blue, operator, "").origin()).isEqualTo(Caller.ROOT);
        assertThat(line(Caller.ANONYMOUS, null, "").origin()).isEmpty();
        assertThat(line(null, null, "").origin()).isEmpty();
    }

    @Test
    void whatWaitsAtTheEndIsStillTaken() throws Exception {
        flood("blue");
        backlog.close();
        assertThat(backlog.offer(line("cyan"), MINUTE)).isFalse();
        assertThat(backlog.take(20)).hasSize(20);
        assertThat(backlog.take(20)).hasSize(10);
        assertThat(backlog.take(20)).isEmpty();
    }
}
