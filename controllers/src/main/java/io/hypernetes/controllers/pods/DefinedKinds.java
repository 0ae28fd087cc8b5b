package io.hypernetes.controllers.pods;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// The kinds that tenants have defined, as discovery had them a short while ago, so that it is not asked anew for each pod or at each look. Thread-safe.
public final class DefinedKinds {
    /// How long, as upstream's controllers remember discovery.
    public static final Duration REMEMBERED = Duration.ofSeconds(30);
    private static final int MOST = 10_000;
    /// More than the names of a group, a version and a kind may have together.
    private static final int LONGEST = 400;

    private final Scales scales;
    private final InstantSource clock;
    private final Map<Reference, Known> known = new ConcurrentHashMap<>();

    private record Reference(String tenant, String apiVersion, String kind) {}

    private record Known(Optional<Scales.Target> target, Instant since) {
        boolean isFresh(Instant now) {
            return !now.isBefore(since) && now.isBefore(since.plus(REMEMBERED));
        }
    }

    /// @param scales asks
    public DefinedKinds(Scales scales, InstantSource clock) {
        this.scales = scales;
        this.clock = clock;
    }

    /// As [Scales#target].
    public Optional<Scales.Target> target(String tenant, String apiVersion, String kind) {
        if (apiVersion.length() + kind.length() > LONGEST) {
            return Optional.empty();
        }
        Optional<Scales.Target> builtIn = scales.builtIn(apiVersion, kind);
        if (builtIn.isPresent()) {
            return builtIn;
        }
        Instant now = clock.instant();
        Reference reference = new Reference(tenant, apiVersion, kind);
        Known before = known.get(reference);
        if (before != null && before.isFresh(now)) {
            return before.target;
        }
        Optional<Scales.Target> target = scales.target(tenant, apiVersion, kind);
        if (known.size() >= MOST) {
            known.values().removeIf(each -> !each.isFresh(now));
        }
        if (known.size() < MOST) {
            known.put(reference, new Known(target, now));
        }
        return target;
    }
}
