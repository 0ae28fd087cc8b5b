package io.hypernetes.controllers.batch;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.JobConditionBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The conditions of a Job.
final class JobConditions {
    static final String COMPLETE = "Complete";
    static final String FAILED = "Failed";
    static final String SUSPENDED = "Suspended";
    /// It will have failed when its pods are gone.
    static final String FAILURE_TARGET = "FailureTarget";
    /// It will be complete when its pods are gone.
    static final String SUCCESS = "SuccessCriteriaMet";

    private JobConditions() {}

    static List<JobCondition> of(Job job) {
        return job.getStatus() == null || job.getStatus().getConditions() == null ? List.of() : job.getStatus().getConditions();
    }

    static @Nullable JobCondition find(List<JobCondition> conditions, String type) {
        for (JobCondition condition : conditions) {
            if (type.equals(condition.getType())) {
                return condition;
            }
        }
        return null;
    }

    static boolean holds(List<JobCondition> conditions, String type) {
        JobCondition condition = find(conditions, type);
        return condition != null && "True".equals(condition.getStatus());
    }

    /// Whether the Job is over, and nothing about it will change.
    static boolean isFinished(Job job) {
        return holds(of(job), COMPLETE) || holds(of(job), FAILED);
    }

    static JobCondition make(String type, String status, String reason, String message, Instant now) {
        String time = now.truncatedTo(ChronoUnit.SECONDS).toString();
        return new JobConditionBuilder().withType(type).withStatus(status).withReason(reason).withMessage(message)
                .withLastProbeTime(time).withLastTransitionTime(time).build();
    }

    /// The conditions with one more, or with one in place of another of its type that says something else.
    static List<JobCondition> with(List<JobCondition> conditions, JobCondition one) {
        JobCondition known = find(conditions, one.getType());
        if (known != null && one.getStatus().equals(known.getStatus()) && String.valueOf(one.getReason()).equals(known.getReason())) {
            return conditions;
        }
        List<JobCondition> changed = new ArrayList<>(conditions);
        changed.removeIf(condition -> one.getType().equals(condition.getType()));
        changed.add(one);
        return changed;
    }
}
