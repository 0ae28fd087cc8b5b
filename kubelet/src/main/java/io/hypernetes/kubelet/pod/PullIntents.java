package io.hypernetes.kubelet.pod;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The pulls with credentials whose end is not known, as a private image must not look like a loaded one to a kubelet that comes after a death. Each is noted durably before it
/// begins, with the images that were there for all, of which none becomes private by it, whatever comes to have its name meanwhile. Thread-safe.
final class PullIntents {
    /// Of an earlier version, which did not note what was there, were `intent-…`: they are nothing any more.
    private static final String PREFIX = "pull-";
    /// More than an ordinary node has pods: who has as many has pods that end in the middle of their pulls, one after the other.
    static final int MOST_OF_TENANT = 256;
    /// So long an image may still come by a pull that was given up: the runtime hears of that at once, and at most ends the last step.
    static final Duration TAIL = Duration.ofSeconds(30);
    private static final Pattern GIVEN_UP = Pattern.compile("given-up (\\d{1,15})");
    /// Tells this process's pulls from those of one that died.
    private static final String PROCESS = UUID.randomUUID().toString();

    private final DurableFiles files;
    private final String life;
    private final InstantSource clock;

    /// @param forAll the runtime's names of the images that all tenants might use before it began
    record Intent(String file, String tenant, String reference, Set<String> forAll, boolean underWay, Optional<Instant> givenUp) {
        /// Whether an image that has the pull's name now can be here by it.
        boolean mayHaveBrought(String id) {
            return !forAll.contains(id);
        }
    }

    PullIntents(DurableFiles files, InstantSource clock) {
        this(files, clock, PROCESS);
    }

    /// @param life tells apart what was begun by whoever is still there
    PullIntents(DurableFiles files, InstantSource clock, String life) {
        this.files = files;
        this.clock = clock;
        this.life = life;
    }

    /// A pull is about to begin.
    ///
    /// @param reference the image's full name, which can be taken for no id
    /// @return empty when there are too many of that tenant
    Optional<Intent> begin(String tenant, String reference, Set<String> forAll) {
        if (all().stream().filter(intent -> intent.tenant().equals(tenant)).count() >= MOST_OF_TENANT) {
            return Optional.empty();
        }
        Intent intent = new Intent(PREFIX + UUID.randomUUID(), tenant, reference, Set.copyOf(forAll), true, Optional.empty());
        files.write(intent.file(), text(intent, "under-way " + life));
        return Optional.of(intent);
    }

    /// What became of it is known, and noted.
    void end(Intent intent) {
        files.remove(intent.file());
    }

    /// Nobody waits for it any more, and it may have brought its image or do so yet.
    void giveUp(Intent intent) {
        files.replace(intent.file(), text(intent, "given-up " + clock.millis()));
    }

    /// Whether it has been given up for so long that it brings nothing any more.
    boolean isOver(Intent intent) {
        return intent.givenUp().filter(since -> Duration.between(since, clock.instant()).abs().compareTo(TAIL) >= 0).isPresent();
    }

    List<Intent> all() {
        return files.names().stream().filter(PullIntents::isIntent).flatMap(name -> files.read(name).stream().flatMap(text -> parsed(name, text))).toList();
    }

    static boolean isIntent(String file) {
        return file.startsWith(PREFIX);
    }

    private static String text(Intent intent, String state) {
        return state + "\n" + intent.tenant() + "\n" + intent.reference() + "\n" + String.join("\n", intent.forAll());
    }

    private Stream<Intent> parsed(String file, String text) {
        List<String> lines = text.lines().toList();
        if (lines.size() < 3) {
            return Stream.empty();
        }
        Matcher givenUp = GIVEN_UP.matcher(lines.getFirst());
        return Stream.of(new Intent(file, lines.get(1), lines.get(2), new LinkedHashSet<>(lines.subList(3, lines.size())),
                lines.getFirst().equals("under-way " + life),
                givenUp.matches() ? Optional.of(Instant.ofEpochMilli(Long.parseLong(givenUp.group(1)))) : Optional.empty()));
    }
}
