package io.hypernetes.objects.kind;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Jobs.
final class JobRules implements KindRules {
    private static final int MANY = 100_000;
    private static final int FEWER = 10_000;
    private static final String CONTROLLER_UID = "batch.kubernetes.io/controller-uid";
    private static final String JOB_NAME = "batch.kubernetes.io/job-name";
    private static final Layout LAYOUT = Layout.named()
            .cell("Status", "How it stands.", JobRules::state)
            .cell("Completions", "How many pods have succeeded of how many shall.", JobRules::completions)
            .timed("Duration", "How long it has run, or ran.", JobRules::duration)
            .age()
            .containers("spec", "template", "spec")
            .selector("spec", "selector");

    @Override
    public void defaults(ObjectNode job) {
        ObjectNode spec = Json.child(job, "spec");
        boolean completions = Json.present(spec.get("completions"));
        boolean parallelism = Json.present(spec.get("parallelism"));
        if (!completions && !parallelism) {
            Json.setDefault(spec, "completions", 1);
        }
        Json.setDefault(spec, "parallelism", 1);
        Json.setDefault(spec, "backoffLimit", Json.present(spec.get("backoffLimitPerIndex")) ? Integer.MAX_VALUE : 6);
        Json.setDefault(spec, "completionMode", "NonIndexed");
        Json.setDefault(spec, "suspend", false);
        Json.setDefault(spec, "manualSelector", false);
        Json.setDefault(spec, "podReplacementPolicy", spec.path("podFailurePolicy").isObject() ? "Failed" : "TerminatingOrFailed");
        for (ObjectNode rule : Json.objects(spec.path("podFailurePolicy"), "rules")) {
            Json.objects(rule, "onPodConditions").forEach(condition -> Json.setDefault(condition, "status", "True"));
        }
        labels(job);
        PodSpecDefaults.apply(Json.child(Json.child(spec, "template"), "spec"));
    }

    /// A job without labels has those of its pods.
    private static void labels(ObjectNode job) {
        JsonNode labels = job.path("spec").path("template").path("metadata").path("labels");
        if (job.path("metadata").path("labels").isEmpty() && !labels.isEmpty()) {
            Json.child(job, "metadata").set("labels", labels.deepCopy());
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    /// Pods are told from those of other jobs by the uid, unless the client chose labels of its own.
    @Override
    public void named(ObjectNode job) {
        ObjectNode spec = Json.child(job, "spec");
        if (Json.flag(spec, "manualSelector")) {
            return;
        }
        String uid = Json.string(job, "metadata", "uid");
        String name = Json.string(job, "metadata", "name");
        ObjectNode labels = Json.child(Json.child(Json.child(spec, "template"), "metadata"), "labels");
        labels.put(CONTROLLER_UID, uid).put("controller-uid", uid);
        labels.put(JOB_NAME, name).put("job-name", name);
        ObjectNode selector = Json.child(spec, "selector");
        Json.child(selector, "matchLabels").put(CONTROLLER_UID, uid);
        labels(job);
    }

    @Override
    public void validate(ObjectNode job, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(job);
        validateSpec(spec, "spec", errors);
        int before = errors.list().size();
        WorkloadValidation.ownSelector(spec, "job", errors);
        if (errors.list().size() == before && !Json.flag(spec, "manualSelector")) {
            String uid = Json.string(job, "metadata", "uid");
            String labelled = Json.string(spec.path("template").path("metadata").path("labels"), CONTROLLER_UID);
            if (!labelled.isEmpty() && !labelled.equals(uid)) {
                errors.invalid(
                        "spec.template.metadata.labels[" + CONTROLLER_UID + "]",
                        labelled,
                        "must be '" + uid + "'");
            }
        }
    }

    /// The rules of a job's spec, in jobs and in the templates of CronJobs.
    static void validateSpec(ObjectNode spec, String path, Errors errors) {
        for (String count : List.of(
                "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex",
                "maxFailedIndexes")) {
            WorkloadValidation.notNegative(spec, path, count, errors);
        }
        String mode = Json.string(spec, "completionMode");
        boolean indexed = mode.equals("Indexed");
        if (!mode.isEmpty()) {
            errors.oneOf(path + ".completionMode", mode, List.of("Indexed", "NonIndexed"));
        }
        if (Json.present(spec.get("maxFailedIndexes")) && !Json.present(spec.get("backoffLimitPerIndex"))) {
            errors.required(path + ".backoffLimitPerIndex", "when maxFailedIndexes is specified");
        }
        String manager = Json.string(spec, "managedBy");
        if (Json.present(spec.get("managedBy"))) {
            JobPolicies.manager(manager, path + ".managedBy", errors);
        }
        if (indexed) {
            indexes(spec, path, errors);
        } else {
            for (String indexes : List.of("backoffLimitPerIndex", "maxFailedIndexes")) {
                if (Json.present(spec.get(indexes))) {
                    errors.invalid(path + "." + indexes, spec.path(indexes), "requires indexed completion mode");
                }
            }
            if (spec.path("successPolicy").isObject()) {
                errors.invalid(path + ".successPolicy", spec.path("successPolicy"), "requires indexed completion mode");
            }
        }
        if (indexed && spec.path("successPolicy").isObject()) {
            JobPolicies.success(spec, path + ".successPolicy.rules", errors);
        }
        String replacement = Json.string(spec, "podReplacementPolicy");
        if (!replacement.isEmpty()) {
            boolean failing = spec.path("podFailurePolicy").isObject();
            errors.oneOf(
                    path + ".podReplacementPolicy", replacement, failing ? List.of("Failed") : List.of("Failed", "TerminatingOrFailed"));
        }
        JsonNode template = spec.path("template");
        WorkloadValidation.template(template, path + ".template", errors);
        String policy = Json.string(template, "spec", "restartPolicy");
        if (spec.path("podFailurePolicy").isObject()) {
            JobPolicies.failure(spec, path, errors);
            if (!policy.equals("Never")) {
                errors.invalid(
                        path + ".template.spec.restartPolicy", policy, "only \"Never\" is supported when podFailurePolicy is specified");
            }
        } else if (!policy.equals("OnFailure") && !policy.equals("Never")) {
            if (policy.equals("Always") || policy.isEmpty()) {
                errors.required(path + ".template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
            }
        }
    }

    private static void indexes(ObjectNode spec, String path, Errors errors) {
        if (!Json.present(spec.get("completions"))) {
            errors.required(path + ".completions", "when completion mode is Indexed");
        }
        long parallelism = Json.number(spec, 0, "parallelism");
        long completions = Json.number(spec, Long.MAX_VALUE, "completions");
        long failed = Json.number(spec, 0, "maxFailedIndexes");
        if (parallelism > MANY) {
            errors.invalid(path + ".parallelism", parallelism, "must be less than or equal to " + MANY + " when completion mode is Indexed");
        }
        if (failed > completions) {
            errors.invalid(path + ".maxFailedIndexes", failed, "must be less than or equal to completions");
        }
        if (failed > MANY) {
            errors.invalid(path + ".maxFailedIndexes", failed, "must be less than or equal to " + MANY);
        }
        if (Json.present(spec.get("completions")) && completions > MANY && Json.present(spec.get("backoffLimitPerIndex"))) {
            String most = "must be less than or equal to " + FEWER + " when completions are above " + MANY + " and used with backoff limit per index";
            if (!Json.present(spec.get("maxFailedIndexes"))) {
                errors.required(path + ".maxFailedIndexes", "must be specified when completions is above " + MANY);
            }
            if (parallelism > FEWER) {
                errors.invalid(path + ".parallelism", parallelism, most);
            }
            if (failed > FEWER) {
                errors.invalid(path + ".maxFailedIndexes", failed, most);
            }
        }
    }

    @Override
    public void validateUpdate(ObjectNode job, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource != null) {
            return;
        }
        ObjectNode spec = WorkloadValidation.spec(job);
        ObjectNode before = WorkloadValidation.spec(old);
        for (String kept : List.of("selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "successPolicy", "managedBy")) {
            WorkloadValidation.immutable(spec, before, "spec", kept, errors);
        }
        boolean elastic = Json.string(spec, "completionMode").equals("Indexed")
                && Json.number(spec, -1, "completions") == Json.number(spec, -2, "parallelism");
        if (!elastic) {
            WorkloadValidation.immutable(spec, before, "spec", "completions", errors);
        }
        if (!template(spec, before, old).equals(before.path("template"))) {
            errors.invalid("spec.template", spec.path("template"), WorkloadValidation.IMMUTABLE);
        }
    }

    /// The new template, with what may change while a job is suspended and has not started put back.
    private static JsonNode template(ObjectNode spec, ObjectNode before, ObjectNode old) {
        boolean waits = Json.flag(before, "suspend") && !Json.present(old.path("status").get("startTime"));
        JsonNode template = spec.path("template").deepCopy();
        if (!waits || !(template.get("spec") instanceof ObjectNode pod)) {
            return template;
        }
        JsonNode oldPod = before.path("template").path("spec");
        for (String free : List.of("nodeSelector", "tolerations", "schedulingGates", "affinity")) {
            Json.restore(pod, oldPod, free);
        }
        if (template.get("metadata") instanceof ObjectNode meta) {
            for (String free : Set.of("labels", "annotations")) {
                Json.restore(meta, before.path("template").path("metadata"), free);
            }
        }
        return template;
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode job) {
        return Map.of("status.successful", Long.toString(Json.number(job, 0, "status", "succeeded")));
    }

    private static boolean has(ObjectNode job, String type) {
        return Json.objects(job.path("status"), "conditions").stream()
                .anyMatch(c -> Json.string(c, "type").equals(type) && Json.string(c, "status").equals("True"));
    }

    private static String state(ObjectNode job) {
        if (has(job, "Complete")) {
            return "Complete";
        }
        if (has(job, "Failed")) {
            return "Failed";
        }
        if (!Json.string(job, "metadata", "deletionTimestamp").isEmpty()) {
            return "Terminating";
        }
        if (has(job, "Suspended")) {
            return "Suspended";
        }
        if (has(job, "FailureTarget")) {
            return "FailureTarget";
        }
        return has(job, "SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
    }

    private static String completions(ObjectNode job) {
        long done = Json.number(job, 0, "status", "succeeded");
        long wanted = Json.number(job, -1, "spec", "completions");
        if (wanted >= 0) {
            return done + "/" + wanted;
        }
        long parallel = Json.number(job, 0, "spec", "parallelism");
        return parallel > 1 ? done + "/1 of " + parallel : done + "/1";
    }

    private static String duration(ObjectNode job, Instant now) {
        Instant start = ApiTime.at(job, "status", "startTime");
        if (start == null) {
            return "";
        }
        Instant end = ApiTime.at(job, "status", "completionTime");
        return ApiTime.age(Duration.between(start, end == null ? now : end));
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
