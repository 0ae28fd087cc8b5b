package io.hypernetes.objects.kind;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What whoever runs a job, our controller or the one that `managedBy` names, may say of it, as upstream's `ValidateJobUpdateStatus` has it.
final class JobStatusValidation {
    private static final String CONDITIONS = "status.conditions";
    private final ObjectNode job;
    private final JsonNode status;
    private final Errors errors;

    private JobStatusValidation(ObjectNode job, Errors errors) {
        this.job = job;
        this.status = job.path("status");
        this.errors = errors;
    }

    /// What was wrong already may stay: a change of the spec may make wrong for a moment what was right when it was told.
    static void validate(ObjectNode job, ObjectNode old, Errors errors) {
        errors.addNew(now -> new JobStatusValidation(job, now).present(), before -> new JobStatusValidation(old, before).present());
        new JobStatusValidation(job, errors).change(old);
    }

    private void present() {
        for (String count : List.of("active", "succeeded", "failed", "ready", "terminating")) {
            errors.notNegative("status." + count, number(count));
        }
        uncounted();
        boolean complete = is("Complete");
        boolean failed = is("Failed");
        boolean failing = is("FailureTarget");
        boolean succeeding = is("SuccessCriteriaMet");
        condition(complete && failed, "cannot set Complete=True and Failed=true conditions");
        condition(complete && failing, "cannot set Complete=True and FailureTarget=true conditions");
        completionTime(complete);
        condition(failed && !failing, "cannot set Failed=True condition without the FailureTarget=true condition");
        condition(complete && !succeeding, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
        if (complete || failed) {
            finished();
        }
        indexes();
        if ((complete || failed) && number("terminating") > 0) {
            errors.invalid("status.terminating", number("terminating"), "terminating>0 is invalid for finished job");
        }
        if (number("ready") > number("active")) {
            errors.invalid("status.ready", number("ready"), "cannot set more ready pods than active");
        }
        condition(succeeding && failed, "cannot set SuccessCriteriaMet=True and Failed=true conditions");
        condition(succeeding && failing, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
        condition(
                job.path("spec").path("successPolicy").isObject() && !succeeding && complete,
                "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True");
    }

    private void uncounted() {
        Set<String> seen = new HashSet<>();
        for (String how : List.of("succeeded", "failed")) {
            JsonNode pods = status.path("uncountedTerminatedPods").path(how);
            for (int i = 0; i < pods.size(); i++) {
                String at = "status.uncountedTerminatedPods." + how + "[" + i + "]";
                String pod = pods.path(i).asString("");
                if (pod.isEmpty()) {
                    errors.invalid(at, pod, "must not be empty");
                } else if (!seen.add(pod)) {
                    errors.duplicate(at, pod);
                }
            }
        }
    }

    private void completionTime(boolean complete) {
        String at = "status.completionTime";
        boolean told = told("completionTime");
        if (told && !complete) {
            errors.invalid(at, status.path("completionTime"), "cannot set completionTime when there is no Complete=True condition");
        }
        if (!told && complete) {
            errors.required(at, "completionTime is required for Complete jobs");
        }
        Instant start = ApiTime.at(job, "status", "startTime");
        Instant end = ApiTime.at(job, "status", "completionTime");
        if (start != null && end != null && end.isBefore(start)) {
            errors.invalid(at, status.path("completionTime"), "completionTime cannot be set before startTime");
        }
    }

    private void finished() {
        if (number("active") > 0) {
            errors.invalid("status.active", number("active"), "active>0 is invalid for finished job");
        }
        boolean neverStarted = Json.flag(job, "spec", "suspend") && Json.number(job, -1, "spec", "completions") == 0;
        if (!told("startTime") && !neverStarted) {
            errors.required("status.startTime", "startTime is required for finished job");
        }
        JsonNode uncounted = status.path("uncountedTerminatedPods");
        if (!uncounted.path("failed").isEmpty() || !uncounted.path("succeeded").isEmpty()) {
            errors.invalid("status.uncountedTerminatedPods", uncounted, "uncountedTerminatedPods needs to be empty for finished job");
        }
    }

    private void indexes() {
        JsonNode spec = job.path("spec");
        boolean counted = Json.present(spec.get("completions"));
        boolean perIndex = Json.present(spec.get("backoffLimitPerIndex"));
        String completed = Json.string(status, "completedIndexes");
        String failed = Json.string(status, "failedIndexes");
        long completions = Json.number(spec, 0, "completions");
        if (counted) {
            form("completedIndexes", completed, completions);
        }
        if (counted && perIndex) {
            form("failedIndexes", failed, completions);
        }
        if (!completed.isEmpty() && !Json.string(spec, "completionMode").equals("Indexed")) {
            errors.invalid("status.completedIndexes", completed, "cannot set non-empty completedIndexes when non-indexed completion mode");
        }
        if (told("failedIndexes") && !perIndex) {
            errors.invalid("status.failedIndexes", failed, "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
        }
        long both = counted ? JobIndexes.shared(completed, failed, completions) : -1;
        if (both >= 0) {
            errors.invalid("status.failedIndexes", failed, "failedIndexes and completedIndexes overlap at index: " + both);
        }
    }

    private void form(String field, String text, long completions) {
        try {
            JobIndexes.count(text, completions);
        } catch (IllegalArgumentException e) {
            errors.invalid("status." + field, text, "error parsing " + field + ": " + e.getMessage());
        }
    }

    private void change(ObjectNode old) {
        JobStatusValidation before = new JobStatusValidation(old, errors);
        for (String type : List.of("Failed", "Complete", "FailureTarget")) {
            condition(before.is(type) && !is(type), "cannot disable the terminal " + type + "=True condition");
        }
        if (number("failed") < before.number("failed")) {
            errors.invalid("status.failed", number("failed"), "cannot decrease the failed counter");
        }
        JsonNode spec = job.path("spec");
        // Such a job may be made smaller.
        boolean elastic = Json.string(spec, "completionMode").equals("Indexed") && spec.path("completions").equals(spec.path("parallelism"));
        if (!elastic && number("succeeded") < before.number("succeeded")) {
            errors.invalid("status.succeeded", number("succeeded"), "cannot decrease the succeeded counter");
        }
        if (told("completionTime") && before.told("completionTime") && !same(before, "completionTime")) {
            errors.invalid("status.completionTime", status.path("completionTime"), "completionTime cannot be mutated");
        }
        // One that was suspended starts anew when it goes on.
        boolean resumes = before.is("Suspended") && JobRules.has(job, "Suspended", "False");
        if (before.told("startTime") && !same(before, "startTime") && !Json.flag(spec, "suspend") && !resumes) {
            String detail = "field is immutable for unsuspended job once set";
            if (told("startTime")) {
                errors.invalid("status.startTime", status.path("startTime"), detail);
            } else {
                errors.invalid("status.startTime", "null", detail);
            }
        }
        condition(before.is("SuccessCriteriaMet") && !is("SuccessCriteriaMet"), "cannot disable the SuccessCriteriaMet=True condition");
        condition(
                before.is("Complete") && !before.is("SuccessCriteriaMet") && is("SuccessCriteriaMet"),
                "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions");
    }

    private void condition(boolean wrong, String detail) {
        if (wrong) {
            errors.add(FieldError.invalidUnshown(CONDITIONS, detail));
        }
    }

    private boolean same(JobStatusValidation before, String field) {
        return status.path(field).equals(before.status.path(field));
    }

    private boolean told(String field) {
        return Json.present(status.get(field));
    }

    private long number(String field) {
        return Json.number(status, 0, field);
    }

    private boolean is(String type) {
        return JobRules.has(job, type);
    }
}
