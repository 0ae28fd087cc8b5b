package io.hypernetes.controllers.scaling;

import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingPolicy;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingRules;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBehavior;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How fast one autoscaler may change its mind: it remembers what it recommended and did lately. One thread at a time.
final class Behavior {
    private static final Duration REMEMBERED = Duration.ofHours(1);
    private static final int DEFAULT_DOWN_SECONDS = 300;

    private final List<Note> recommendations = new ArrayList<>();
    private final List<Note> changes = new ArrayList<>();

    /// @param value a recommended size, or by how much the size changed
    private record Note(Instant at, int value) {}

    /// The size that is allowed now, and whether that is the one recommended.
    record Outcome(int replicas, String limitedBy) {}

    Outcome of(@Nullable HorizontalPodAutoscalerBehavior behavior, int current, int wanted, int least, int most, Instant now) {
        recommendations.removeIf(note -> note.at.plus(REMEMBERED).isBefore(now));
        changes.removeIf(note -> note.at.plus(REMEMBERED).isBefore(now));
        recommendations.add(new Note(now, wanted));
        HPAScalingRules up = behavior == null ? null : behavior.getScaleUp();
        HPAScalingRules down = behavior == null ? null : behavior.getScaleDown();
        int lowest = extreme(current, seconds(up, 0), now, true, wanted);
        int highest = extreme(current, seconds(down, DEFAULT_DOWN_SECONDS), now, false, wanted);
        // Up only to what was wanted all the time, down only to what would have been enough all the time.
        int steady = Math.max(current, lowest) > current ? lowest : Math.min(current, highest);
        if (steady > current) {
            int limit = Math.min(most, limit(up, current, true, now));
            return steady > limit ? new Outcome(limit, limit == most ? "TooManyReplicas" : "ScaleUpLimit") : new Outcome(steady, "");
        }
        if (steady < current) {
            int limit = Math.max(least, limit(down, current, false, now));
            return steady < limit ? new Outcome(limit, limit == least ? "TooFewReplicas" : "ScaleDownLimit") : new Outcome(steady, "");
        }
        return new Outcome(Math.clamp(steady, least, most), wanted > most ? "TooManyReplicas" : wanted < least ? "TooFewReplicas" : "");
    }

    void changed(int by, Instant now) {
        changes.add(new Note(now, by));
    }

    private int extreme(int current, int seconds, Instant now, boolean lowest, int wanted) {
        int found = wanted;
        for (Note note : recommendations) {
            if (!note.at.plusSeconds(seconds).isBefore(now)) {
                found = lowest ? Math.min(found, note.value) : Math.max(found, note.value);
            }
        }
        return lowest ? Math.max(current, found) : Math.min(current, found);
    }

    private static int seconds(@Nullable HPAScalingRules rules, int otherwise) {
        return rules == null || rules.getStabilizationWindowSeconds() == null ? otherwise : rules.getStabilizationWindowSeconds();
    }

    private int limit(@Nullable HPAScalingRules rules, int current, boolean up, Instant now) {
        if (rules != null && "Disabled".equals(rules.getSelectPolicy())) {
            return current;
        }
        List<HPAScalingPolicy> policies = rules == null || rules.getPolicies() == null || rules.getPolicies().isEmpty() ? defaults(up) : rules.getPolicies();
        boolean least = rules != null && "Min".equals(rules.getSelectPolicy());
        Integer chosen = null;
        for (HPAScalingPolicy policy : policies) {
            int lately = 0;
            for (Note change : changes) {
                if (!change.at.plusSeconds(policy.getPeriodSeconds()).isBefore(now) && change.value > 0 == up) {
                    lately += Math.abs(change.value);
                }
            }
            int start = up ? current - lately : current + lately;
            int by = "Percent".equals(policy.getType()) ? (int) Math.ceil(start * policy.getValue() / 100.0) : policy.getValue();
            int limit = up ? start + by : start - by;
            boolean further = chosen == null || (up != least ? limit > chosen : limit < chosen);
            if (further) {
                chosen = limit;
            }
        }
        return chosen == null ? current : chosen;
    }

    private static List<HPAScalingPolicy> defaults(boolean up) {
        return up
                ? List.of(new HPAScalingPolicy(15, "Pods", 4), new HPAScalingPolicy(15, "Percent", 100))
                : List.of(new HPAScalingPolicy(15, "Percent", 100));
    }
}
