package io.hypernetes.controllers.scaling;

import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingPolicy;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingRules;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBehavior;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How fast one autoscaler may change its mind: it remembers what it recommended and did lately. Without a `behavior` it may double a size, or make it four, at
/// each look, and shrinks to the most that was recommended within five minutes; with one it goes by that alone (normalizeDesiredReplicas and
/// normalizeDesiredReplicasWithBehaviors in upstream's pkg/controller/podautoscaler/horizontal.go). One thread at a time.
final class Behavior {
    /// The longest window and the longest period that there may be.
    private static final Duration REMEMBERED = Duration.ofHours(1);
    /// Looks come every quarter of a minute, but also whenever its writer changes an autoscaler.
    private static final int MOST_REMEMBERED = 2000;
    private static final int DEFAULT_DOWN_SECONDS = 300;
    private static final int ALWAYS_ALLOWED = 4;

    private final Deque<Note> recommendations = new ArrayDeque<>();
    private final Deque<Note> changes = new ArrayDeque<>();

    /// @param value a recommended size, or by how much the size changed
    private record Note(Instant at, int value) {}

    /// Why a size is as it is.
    record Reason(String name, String message) {}

    /// The size that is allowed now.
    ///
    /// @param able whether it is what was recommended just now, or what was before
    /// @param limited whether it is less of a change than that
    record Outcome(int replicas, Reason able, boolean limited, Reason limit) {}

    private static final Reason READY = new Reason("ReadyForNewScale", "recommended size matches current size");
    private static final Reason UP_LATER = new Reason(
            "ScaleUpStabilized", "recent recommendations were lower than current one, applying the lowest recent recommendation");
    private static final Reason DOWN_LATER = new Reason(
            "ScaleDownStabilized", "recent recommendations were higher than current one, applying the highest recent recommendation");
    private static final Reason WITHIN = new Reason("DesiredWithinRange", "the desired count is within the acceptable range");
    private static final Reason TOO_MANY = new Reason("TooManyReplicas", "the desired replica count is more than the maximum replica count");
    private static final Reason TOO_FEW = new Reason("TooFewReplicas", "the desired replica count is less than the minimum replica count");
    private static final Reason UP_FAST = new Reason("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
    private static final Reason DOWN_FAST = new Reason("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");

    /// The size that there is when nothing else is known counts as recommended: else whoever begins anew shrinks at once what was made for a load that has just gone.
    void begin(int current, Instant now) {
        if (recommendations.isEmpty()) {
            recommendations.add(new Note(now, current));
        }
    }

    Outcome of(@Nullable HorizontalPodAutoscalerBehavior behavior, int current, int wanted, int least, int most, Instant now) {
        forget(recommendations, now);
        forget(changes, now);
        int steady = behavior == null ? highest(wanted, now) : steady(behavior, current, wanted, now);
        recommendations.add(new Note(now, wanted));
        Reason able = steady == wanted ? READY : behavior == null || wanted < current ? DOWN_LATER : UP_LATER;
        return behavior == null ? ordinary(current, steady, least, most, able) : limited(behavior, current, steady, least, most, able, now);
    }

    /// A size was changed.
    ///
    /// @param behavior without which nobody asks for it later
    void changed(@Nullable HorizontalPodAutoscalerBehavior behavior, int by, Instant now) {
        if (behavior != null) {
            forget(changes, now);
            changes.add(new Note(now, by));
        }
    }

    private static void forget(Deque<Note> notes, Instant now) {
        while (!notes.isEmpty() && (notes.size() >= MOST_REMEMBERED || notes.getFirst().at.plus(REMEMBERED).isBefore(now))) {
            notes.removeFirst();
        }
    }

    private int highest(int wanted, Instant now) {
        Instant from = now.minusSeconds(DEFAULT_DOWN_SECONDS);
        return recommendations.stream().filter(note -> !note.at.isBefore(from)).mapToInt(Note::value).reduce(wanted, Math::max);
    }

    private static Outcome ordinary(int current, int steady, int least, int most, Reason able) {
        int fastest = (int) Math.min(Integer.MAX_VALUE, Math.max(2L * current, ALWAYS_ALLOWED));
        if (steady < least) {
            return new Outcome(least, able, true, TOO_FEW);
        }
        return steady > Math.min(most, fastest)
                ? new Outcome(Math.min(most, fastest), able, true, most > fastest ? UP_FAST : TOO_MANY)
                : new Outcome(steady, able, false, WITHIN);
    }

    /// Up only to what was wanted all the time, down only to what would have been enough all the time.
    private int steady(HorizontalPodAutoscalerBehavior behavior, int current, int wanted, Instant now) {
        Instant upFrom = now.minusSeconds(seconds(behavior.getScaleUp(), 0));
        Instant downFrom = now.minusSeconds(seconds(behavior.getScaleDown(), DEFAULT_DOWN_SECONDS));
        int up = wanted;
        int down = wanted;
        for (Note note : recommendations) {
            up = note.at.isAfter(upFrom) ? Math.min(up, note.value) : up;
            down = note.at.isAfter(downFrom) ? Math.max(down, note.value) : down;
        }
        return Math.min(Math.max(current, up), down);
    }

    private Outcome limited(HorizontalPodAutoscalerBehavior behavior, int current, int steady, int least, int most, Reason able, Instant now) {
        if (steady > current) {
            // What was added within a period that has become shorter of additions is nothing to take away.
            int fastest = Math.max(current, limit(behavior.getScaleUp(), current, true, now));
            if (steady > Math.min(most, fastest)) {
                return new Outcome(Math.min(most, fastest), able, true, most > fastest ? UP_FAST : TOO_MANY);
            }
        } else if (steady < current) {
            int fastest = Math.min(current, limit(behavior.getScaleDown(), current, false, now));
            if (steady < Math.max(least, fastest)) {
                return new Outcome(Math.max(least, fastest), able, true, least < fastest ? DOWN_FAST : TOO_FEW);
            }
        }
        return new Outcome(steady, able, false, WITHIN);
    }

    private static int seconds(@Nullable HPAScalingRules rules, int otherwise) {
        return rules == null || rules.getStabilizationWindowSeconds() == null ? otherwise : rules.getStabilizationWindowSeconds();
    }

    private int limit(@Nullable HPAScalingRules rules, int current, boolean up, Instant now) {
        if (rules != null && "Disabled".equals(rules.getSelectPolicy())) {
            return current;
        }
        boolean least = rules != null && "Min".equals(rules.getSelectPolicy());
        List<HPAScalingPolicy> policies = rules == null || rules.getPolicies() == null || rules.getPolicies().isEmpty() ? defaults(up) : rules.getPolicies();
        // Up the highest is the most, down the lowest.
        var limits = policies.stream().mapToInt(policy -> limit(policy, current, up, now));
        return (up != least ? limits.max() : limits.min()).orElse(current);
    }

    private int limit(HPAScalingPolicy policy, int current, boolean up, Instant now) {
        Instant from = now.minusSeconds(policy.getPeriodSeconds());
        int start = current - changes.stream().filter(change -> change.at.isAfter(from)).mapToInt(Note::value).sum();
        if ("Percent".equals(policy.getType())) {
            double share = policy.getValue() / 100.0;
            return (int) (up ? Math.ceil(start * (1 + share)) : start * (1 - share));
        }
        return Math.clamp(up ? (long) start + policy.getValue() : (long) start - policy.getValue(), Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    private static List<HPAScalingPolicy> defaults(boolean up) {
        return up
                ? List.of(new HPAScalingPolicy(15, "Pods", 4), new HPAScalingPolicy(15, "Percent", 100))
                : List.of(new HPAScalingPolicy(15, "Percent", 100));
    }
}
