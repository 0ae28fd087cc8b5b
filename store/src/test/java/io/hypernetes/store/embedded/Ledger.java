package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.store.Entry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What is known of one store through all lives of the processes that write to it: what was acknowledged, shown, or found after a process had
/// ended stays so for ever, and what was not found then does not come back.
final class Ledger {
    private final boolean sealed;
    /// For each writer the revisions of its commits, as they were found.
    private final List<List<Long>> found = new ArrayList<>();
    private final List<Follower> followers = new ArrayList<>();
    private long highest;
    private long relisted;
    private long resumed;

    /// What one follower has seen.
    private static final class Follower {
        private final long[] known = new long[WriterUnderLoad.WRITERS];
        private long revision = -1;
        private boolean mustResume;
    }

    Ledger(boolean sealed) {
        this.sealed = sealed;
        for (int writer = 0; writer < WriterUnderLoad.WRITERS; writer++) {
            found.add(new ArrayList<>());
        }
        for (int follower = 0; follower < WriterUnderLoad.FOLLOWERS; follower++) {
            followers.add(new Follower());
            Arrays.fill(followers.get(follower).known, -1);
        }
    }

    boolean sealed() {
        return sealed;
    }

    /// The revision from which a follower goes on in the next life.
    long resume(int follower) {
        return followers.get(follower).revision;
    }

    /// How often a follower went on with its watch over the end of a process, and how often one had to list again.
    String watches() {
        return resumed + " watches resumed, " + relisted + " listed again";
    }

    /// Requires of the store in `folder` what a process said that may still be running; `folder` is then a copy.
    void requireKept(Path folder, List<String> said) {
        try (EmbeddedStore store = WriterUnderLoad.open(folder, Folders.settings().withReservedBytes(1 << 20), sealed)) {
            requireKept(store, said);
        }
    }

    /// The same of a process that has ended; the next one is started with what its followers know.
    void requireKeptAtEnd(Path folder, List<String> said) {
        try (EmbeddedStore store = WriterUnderLoad.open(folder, Folders.settings().withReservedBytes(1 << 20), sealed)) {
            requireKept(store, said);
            requireFollowed(said);
            // One goes on where it was, the other from a list made now, which no write is behind: it must not have to list again.
            Follower lister = followers.getLast();
            lister.revision = store.tick();
            lister.mustResume = true;
            for (int writer = 0; writer < WriterUnderLoad.WRITERS; writer++) {
                lister.known[writer] = found.get(writer).size() - 1;
            }
        }
    }

    private void requireKept(EmbeddedStore store, List<String> said) {
        Set<String> owners = new HashSet<>();
        for (int writer = 0; writer < WriterUnderLoad.WRITERS; writer++) {
            List<Entry> all = store.list("/w/" + writer + "/", "", 0).entries();
            long last = store.get("/last/" + writer).map(entry -> Long.parseLong(new String(entry.value(), UTF_8))).orElse(-1L);
            List<Long> before = found.get(writer);
            assertThat(all).as("writer " + writer).hasSize((int) last + 1);
            assertThat(all.size()).as("writer " + writer).isGreaterThanOrEqualTo(before.size());
            for (int n = 0; n < all.size(); n++) {
                Entry entry = all.get(n);
                assertThat(entry.key()).isEqualTo(WriterUnderLoad.key(writer, n));
                assertThat(entry.value()).as(entry.key()).isEqualTo(WriterUnderLoad.content(writer, n));
                assertThat(n == 0 || entry.revision() > all.get(n - 1).revision()).as("order at " + entry.key()).isTrue();
                if (n < before.size()) {
                    assertThat(entry.revision()).as("revision of " + entry.key()).isEqualTo(before.get(n));
                } else {
                    before.add(entry.revision());
                }
                highest = Math.max(highest, entry.revision());
            }
            owners.addAll(WriterUnderLoad.ownerKeys(writer, last));
        }
        assertThat(store.list("/own-", "", 0).entries()).extracting(Entry::key).containsExactlyInAnyOrderElementsOf(owners);
        said.forEach(this::requireFound);
        assertThat(store.tick()).isGreaterThan(highest);
    }

    private void requireFound(String line) {
        String[] parts = line.split(" ");
        switch (parts[0]) {
            case "A" -> requireFound(line, parts[1], parts[2], parts[3]);
            case "E" -> requireFound(line, parts[2], parts[3], parts[4]);
            case "G" -> assertThat(found.get(Integer.parseInt(parts[1])).size()).as("shown but lost: " + line).isGreaterThan(Integer.parseInt(parts[2]));
            case "L" -> {
                for (int writer = 0; writer < WriterUnderLoad.WRITERS; writer++) {
                    assertThat(found.get(writer).size()).as("listed but lost: " + line).isGreaterThan(Integer.parseInt(parts[3 + writer]));
                }
            }
            default -> throw new AssertionError(line);
        }
    }

    private void requireFound(String line, String writer, String n, String revision) {
        List<Long> revisions = found.get(Integer.parseInt(writer));
        assertThat(revisions.size()).as("acknowledged or shown, but lost: " + line).isGreaterThan(Integer.parseInt(n));
        assertThat(revisions.get(Integer.parseInt(n))).as(line).isEqualTo(Long.parseLong(revision));
    }

    /// No follower misses a change or sees one twice, however often it connects anew and whatever process answers.
    private void requireFollowed(List<String> said) {
        boolean[] heard = new boolean[WriterUnderLoad.FOLLOWERS];
        for (String line : said) {
            String[] parts = line.split(" ");
            if (!parts[0].equals("E") && !parts[0].equals("L")) {
                continue;
            }
            int number = Integer.parseInt(parts[1]);
            Follower follower = followers.get(number);
            boolean first = !heard[number] && follower.revision >= 0;
            heard[number] = true;
            if (parts[0].equals("E")) {
                int writer = Integer.parseInt(parts[2]);
                long n = Long.parseLong(parts[3]);
                long revision = Long.parseLong(parts[4]);
                assertThat(n).as("next of writer " + writer + ": " + line).isEqualTo(follower.known[writer] + 1);
                assertThat(revision).as(line).isGreaterThan(follower.revision);
                follower.known[writer] = n;
                follower.revision = revision;
                resumed += first ? 1 : 0;
            } else {
                assertThat(first && follower.mustResume).as("history is gone that nothing was behind: " + line).isFalse();
                follower.revision = Long.parseLong(parts[2]);
                for (int writer = 0; writer < WriterUnderLoad.WRITERS; writer++) {
                    long last = Long.parseLong(parts[3 + writer]);
                    assertThat(last).as("of writer " + writer + ": " + line).isGreaterThanOrEqualTo(follower.known[writer]);
                    follower.known[writer] = last;
                }
                relisted++;
            }
            follower.mustResume = false;
        }
    }
}
