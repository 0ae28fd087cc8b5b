package io.hypernetes.store.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HistoryTest {
    private static final long START = 1_000_000, SECOND = 1_000_000;

    @Test
    void theWritesOfOthersDoNotShortenThePastOfATenant() {
        History history = new History(10, 1 << 20, Duration.ofSeconds(60), new DurableLog.Content(List.of(), START, START));
        put(history, "/quiet/pods/a", START + 1);
        put(history, "/quiet/pods/b", START + 2);
        for (int i = 0; i < 100; i++) {
            put(history, "/loud/pods/" + i, START + 3 + i);
        }
        assertThat(history.oldest("/quiet/pods/", START + 200)).isEqualTo(START);
        assertThat(keys(history, START, "/quiet/")).containsExactly("/quiet/pods/a", "/quiet/pods/b");
        assertThat(history.oldest("/loud/", START + 200)).isEqualTo(START + 3 + 91);
        assertThat(keys(history, START + 3 + 91, "/loud/")).hasSize(8);
        assertThat(history.oldest("", START + 200)).isEqualTo(START + 3 + 91);
    }

    @Test
    void theTimeEndsAPastWhetherOthersWriteOrNot() {
        History alone = new History(10, 1 << 20, Duration.ofSeconds(60), new DurableLog.Content(List.of(), START, START));
        History beside = new History(10, 1 << 20, Duration.ofSeconds(60), new DurableLog.Content(List.of(), START, START));
        for (History history : List.of(alone, beside)) {
            put(history, "/quiet/pods/a", START + SECOND);
            put(history, "/quiet/pods/b", START + 30 * SECOND);
        }
        put(beside, "/loud/pods/a", START + 70 * SECOND);
        for (long now : new long[] {START + 70 * SECOND, START + 89 * SECOND, START + 91 * SECOND, START + 900 * SECOND}) {
            assertThat(alone.oldest("/quiet/", now)).isEqualTo(beside.oldest("/quiet/", now));
        }
        assertThat(alone.oldest("/quiet/", START + 900 * SECOND)).isEqualTo(START + 30 * SECOND);
    }

    @Test
    void aPastWithoutChangesIsWhole() {
        History history = new History(10, 1 << 20, Duration.ofSeconds(60), new DurableLog.Content(List.of(), START, START));
        put(history, "/loud/pods/a", START + 1);
        put(history, "/loud/pods/b", START + 900 * SECOND);
        assertThat(history.oldest("/quiet/", START + 900 * SECOND)).isEqualTo(START);
        assertThat(history.since(START, "/quiet/")).isEmpty();
    }

    @Test
    void atTheStartThePastOfEachBeginsWithItsOwnLastChange() {
        var before = new DurableLog.Content(List.of(), START, START, Map.of("/quiet/", START - 70, "/loud/", START), START - 90);
        History history = new History(10, 1 << 20, Duration.ofSeconds(60), before);
        assertThat(history.oldest("/quiet/pods/", START)).isEqualTo(START - 70);
        assertThat(history.oldest("/loud/", START)).isEqualTo(START);
        assertThat(history.oldest("/new/", START)).isEqualTo(START - 90);
        assertThat(history.oldest("", START)).isEqualTo(START);
        put(history, "/quiet/pods/a", START + 1);
        put(history, "/new/pods/a", START + 2);
        assertThat(keys(history, START - 70, "/quiet/")).containsExactly("/quiet/pods/a");
        assertThat(history.oldest("/new/", START + 2)).isEqualTo(START - 90);
    }

    @Test
    void noneIsKeptWhereNobodyAsksForIt() {
        History history = new History(0, 1 << 20, Duration.ofSeconds(60), new DurableLog.Content(List.of(), START, START));
        put(history, "/a/b", START + 1);
        put(history, "/a/b", START + 2);
        assertThat(history.oldest("/a/", START + 3)).isEqualTo(START + 2);
        assertThat(history.oldest("", START + 3)).isEqualTo(START + 2);
        assertThat(history.since(START, "/a/")).isEmpty();
    }

    @Test
    void whateverIsKeptIsWholeAndWithinItsBounds() {
        Random random = new Random(11);
        History history = new History(50, 1 << 14, Duration.ofSeconds(5), new DurableLog.Content(List.of(), START, START));
        List<Change> model = new ArrayList<>();
        long now = START;
        for (int i = 0; i < 5_000; i++) {
            now += random.nextInt(200_000);
            // A few tenants of very different diligence.
            String tenant = "/t" + (int) (Math.pow(random.nextDouble(), 3) * 6) + "/";
            Change change = change(tenant + "pods/" + random.nextInt(5), now, random.nextInt(400));
            model.add(change);
            history.add(List.of(change), now);
            String prefix = random.nextInt(4) == 0 ? "" : "/t" + random.nextInt(7) + "/";
            long from = history.oldest(prefix, now);
            assertThat(history.since(from, prefix))
                    .containsExactlyElementsOf(model.stream()
                            .filter(one -> one.entry().revision() > from && one.entry().key().startsWith(prefix))
                            .toList())
                    .hasSizeLessThanOrEqualTo(50);
        }
    }

    private static void put(History history, String key, long revision) {
        history.add(List.of(change(key, revision, 10)), revision);
    }

    private static Change change(String key, long revision, int bytes) {
        return new Change(new Entry(key, "x".repeat(bytes).getBytes(StandardCharsets.UTF_8), revision, revision), null, false);
    }

    private static List<String> keys(History history, long since, String prefix) {
        return history.since(since, prefix).stream().map(change -> change.entry().key()).toList();
    }
}
