package io.hypernetes.objects.kind;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
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
    private static final String LEGACY_UID = "controller-uid";
    private static final String LEGACY_NAME = "job-name";
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
        // Nobody else knows the uid: what has it was named here before, and gets another name now.
        if (!uid.isEmpty() && Json.string(labels, CONTROLLER_UID).equals(uid)) {
            labels.put(JOB_NAME, name).put(LEGACY_NAME, name);
        }
        // What the client said instead stays, to be refused.
        Json.setDefault(labels, LEGACY_NAME, name);
        Json.setDefault(labels, JOB_NAME, name);
        Json.setDefault(labels, LEGACY_UID, uid);
        Json.setDefault(labels, CONTROLLER_UID, uid);
        Json.setDefault(Json.child(Json.child(spec, "selector"), "matchLabels"), CONTROLLER_UID, uid);
        labels(job);
    }

    /// In upstream's order.
    @Override
    public void validate(ObjectNode job, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(job);
        if (!Json.flag(spec, "manualSelector") && spec.path("selector").isObject()) {
            generated(job, errors);
        }
        validateSpec(spec, "spec", errors);
        WorkloadValidation.jobSelector(spec, errors);
        long last = Json.number(spec, 0, "completions") - 1;
        if (Json.string(spec, "completionMode").equals("Indexed") && last >= 0) {
            String name = Json.string(job, "metadata", "name");
            String longest = name + "-" + last;
            if (!Names.label(longest).isEmpty()) {
                errors.invalid("metadata.name", name, "will not able to create pod with invalid DNS label: " + longest);
            }
        }
    }

    /// The labels by which its pods are told from those of other jobs.
    private static void generated(ObjectNode job, Errors errors) {
        JsonNode spec = job.path("spec");
        String uid = Json.string(job, "metadata", "uid");
        String name = Json.string(job, "metadata", "name");
        Map<String, String> expected = new LinkedHashMap<>();
        expected.put(LEGACY_UID, uid);
        expected.put(LEGACY_NAME, name);
        expected.put(CONTROLLER_UID, uid);
        expected.put(JOB_NAME, name);
        JsonNode labels = spec.path("template").path("metadata").path("labels");
        expected.forEach((key, value) -> {
            String at = "spec.template.metadata.labels[" + key + "]";
            if (!labels.has(key)) {
                errors.required(at, "must be '" + value + "'");
            } else if (!Json.string(labels, key).equals(value)) {
                errors.invalid(at, labels, "must be '" + value + "'");
            }
        });
        try {
            if (!LabelSelector.of(spec.path("selector")).matches(expected)) {
                errors.invalid("spec.selector", spec.path("selector"), "`selector` not auto-generated");
            }
        } catch (IllegalArgumentException _) {
            // Told where the form of the selector is looked at.
        }
    }

    /// The rules of a job's spec, in jobs and in the templates of CronJobs.
    static void validateSpec(ObjectNode spec, String path, Errors errors) {
        for (String count : List.of(
                "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex",
                "maxFailedIndexes")) {
            WorkloadValidation.notNegative(spec, path, count, errors);
        }
        if (Json.present(spec.get("maxFailedIndexes")) && !Json.present(spec.get("backoffLimitPerIndex"))) {
            errors.required(path + ".backoffLimitPerIndex", "when maxFailedIndexes is specified");
        }
        if (Json.present(spec.get("managedBy"))) {
            JobPolicies.manager(Json.string(spec, "managedBy"), path + ".managedBy", errors);
        }
        String mode = Json.string(spec, "completionMode");
        switch (mode) {
            case "Indexed" -> indexes(spec, path, errors);
            case "", "NonIndexed" -> {
                for (String indexes : List.of("backoffLimitPerIndex", "maxFailedIndexes")) {
                    if (Json.present(spec.get(indexes))) {
                        errors.invalid(path + "." + indexes, spec.path(indexes), "requires indexed completion mode");
                    }
                }
            }
            default -> errors.oneOf(path + ".completionMode", mode, List.of("Indexed", "NonIndexed"));
        }
        boolean failing = spec.path("podFailurePolicy").isObject();
        if (failing) {
            JobPolicies.failure(spec, path, errors);
        }
        JsonNode success = spec.path("successPolicy");
        if (success.isObject() && mode.equals("Indexed")) {
            JobPolicies.success(spec, path + ".successPolicy.rules", errors);
        } else if (success.isObject()) {
            errors.invalid(path + ".successPolicy", success, "requires indexed completion mode");
        }
        if (Json.present(spec.get("podReplacementPolicy"))) {
            errors.oneOf(
                    path + ".podReplacementPolicy", Json.string(spec, "podReplacementPolicy"),
                    failing ? List.of("Failed") : List.of("Failed", "TerminatingOrFailed"));
        }
        WorkloadValidation.template(spec.path("template"), path + ".template", errors);
        String policy = Json.string(spec, "template", "spec", "restartPolicy");
        String at = path + ".template.spec.restartPolicy";
        if (policy.equals("Always") || policy.isEmpty()) {
            errors.required(at, "valid values: \"OnFailure\", \"Never\"");
        } else if (!policy.equals("Never") && !policy.equals("OnFailure")) {
            errors.oneOf(at, policy, List.of("OnFailure", "Never"));
        } else if (failing && !policy.equals("Never")) {
            errors.invalid(at, policy, "only \"Never\" is supported when podFailurePolicy is specified");
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
        if (!Json.string(spec, "completionMode").equals("Indexed")) {
            WorkloadValidation.immutable(spec, before, "spec", "completions", errors);
        } else if (Json.present(spec.get("completions"))
                && !spec.path("completions").equals(before.path("completions"))
                && !spec.path("completions").equals(spec.path("parallelism"))) {
            errors.invalid("spec.completions", spec.path("completions"), "can only be modified in tandem with spec.parallelism");
        }
        WorkloadValidation.immutable(spec, before, "spec", "selector", errors);
        if (!template(spec, before, old).equals(before.path("template"))) {
            errors.invalid("spec.template", spec.path("template"), WorkloadValidation.IMMUTABLE);
        }
        for (String kept : List.of("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy")) {
            WorkloadValidation.immutable(spec, before, "spec", kept, errors);
        }
    }

    @Override
    public void validateStatus(ObjectNode job, ObjectNode old, Errors errors) {
        JobStatusValidation.validate(job, old, errors);
    }

    /// The new template, with what may change while a job is suspended and has no pods put back.
    private static JsonNode template(ObjectNode spec, ObjectNode before, ObjectNode old) {
        boolean idle = has(old, "Suspended") && Json.number(old, 0, "status", "active") == 0;
        boolean waits = Json.flag(before, "suspend") && (idle || !Json.present(old.path("status").get("startTime")));
        JsonNode template = spec.path("template").deepCopy();
        if (!waits || !(template.get("spec") instanceof ObjectNode pod)) {
            return template;
        }
        JsonNode oldPod = before.path("template").path("spec");
        for (String free : List.of("nodeSelector", "tolerations", "schedulingGates")) {
            Json.restore(pod, oldPod, free);
        }
        for (String list : List.of("containers", "initContainers")) {
            List<ObjectNode> containers = Json.objects(pod, list);
            for (int i = 0; i < Math.min(containers.size(), oldPod.path(list).size()); i++) {
                Json.restore(containers.get(i), oldPod.path(list).path(i), "resources");
            }
        }
        // Of the affinity, what is about nodes.
        Json.restore(Json.child(pod, "affinity"), oldPod.path("affinity"), "nodeAffinity");
        if (pod.path("affinity").isEmpty()) {
            Json.restore(pod, oldPod, "affinity");
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

    /// Whether a condition of a job is true.
    static boolean has(ObjectNode job, String type) {
        return has(job, type, "True");
    }

    /// Whether a condition of a job says this.
    static boolean has(ObjectNode job, String type, String status) {
        return Json.objects(job.path("status"), "conditions").stream()
                .anyMatch(c -> Json.string(c, "type").equals(type) && Json.string(c, "status").equals(status));
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
