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

    /// Whether what the metrics ask for is done at once, and whether it is held back, and by what.
    void judged(Behavior.Outcome outcome) {
        set("AbleToScale", "True", outcome.able().name(), outcome.able().message());
        set("ScalingLimited", outcome.limited() ? "True" : "False", outcome.limit().name(), outcome.limit().message());
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
