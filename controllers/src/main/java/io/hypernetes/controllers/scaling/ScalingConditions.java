package io.hypernetes.controllers.scaling;

import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerCondition;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerConditionBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerStatus;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What an autoscaler says of itself, as it was and as it becomes by one look. Not thread-safe.
final class ScalingConditions {
    private final List<HorizontalPodAutoscalerCondition> conditions;
    private final Instant now;

    ScalingConditions(@Nullable HorizontalPodAutoscalerStatus before, Instant now) {
        this.conditions = new ArrayList<>(before == null || before.getConditions() == null ? List.of() : before.getConditions());
        this.now = now;
    }

    List<HorizontalPodAutoscalerCondition> all() {
        return conditions;
    }

    /// Whether what the metrics ask for is held back, and by what.
    void limited(Behavior.Outcome outcome) {
        switch (outcome.limitedBy()) {
            case "" -> set("ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range");
            case "TooManyReplicas" -> set("ScalingLimited", "True", "TooManyReplicas",
                    "the desired replica count is more than the maximum replica count");
            case "TooFewReplicas" -> set("ScalingLimited", "True", "TooFewReplicas",
                    "the desired replica count is less than the minimum replica count");
            default -> set("ScalingLimited", "True", outcome.limitedBy(), outcome.limitedBy().equals("ScaleUpLimit")
                    ? "the desired replica count is increasing faster than the maximum scale rate"
                    : "the desired replica count is decreasing faster than the maximum scale rate");
        }
    }

    void set(String type, String status, String reason, String message) {
        for (int i = 0; i < conditions.size(); i++) {
            var known = conditions.get(i);
            if (type.equals(known.getType())) {
                String since = status.equals(known.getStatus()) ? known.getLastTransitionTime() : now.truncatedTo(ChronoUnit.SECONDS).toString();
                conditions.set(i, made(type, status, reason, message, since));
                return;
            }
        }
        conditions.add(made(type, status, reason, message, now.truncatedTo(ChronoUnit.SECONDS).toString()));
    }

    private static HorizontalPodAutoscalerCondition made(String type, String status, String reason, String message, String since) {
        return new HorizontalPodAutoscalerConditionBuilder()
                .withType(type).withStatus(status).withReason(reason).withMessage(message).withLastTransitionTime(since).build();
    }
}
