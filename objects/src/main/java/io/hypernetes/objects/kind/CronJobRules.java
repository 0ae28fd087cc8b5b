package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.time.ZoneId;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// CronJobs.
final class CronJobRules implements KindRules {
    /// What is left of a name when the time of a run is put behind it.
    private static final int NAME_MAX = 52;
    /// Zones that Go knows and Java does not.
    private static final Set<String> SHORT_ZONES = Set.of("EST", "MST", "HST", "ROC", "GMT+0", "GMT-0");

    private static final Layout LAYOUT = Layout.named()
            .text("Schedule", "When it runs, in the form of cron.", "spec", "schedule")
            .orNone("Timezone", "In which zone the schedule is meant.", "spec", "timeZone")
            .value(Column.flag("Suspend", "Whether it pauses."), c -> Json.text(!c.path("spec").has("suspend") ? "<unset>" : Json.flag(c, "spec", "suspend") ? "True" : "False"))
            .integer("Active", "How many of its jobs run.", c -> Json.at(c, "status", "active").size())
            .since("Last Schedule", "The time since it ran last.", "status", "lastScheduleTime")
            .age()
            .containers("spec", "jobTemplate", "spec", "template", "spec")
            .selector("spec", "jobTemplate", "spec", "selector");

    /// One that was made before this was asked for may be changed and deleted.
    @Override
    public void validateNew(ObjectNode cron, Errors errors) {
        if (namesZone(cron)) {
            errors.invalid("spec.schedule", schedule(cron), "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
        String name = Json.string(cron, "metadata", "name");
        if (name.length() > NAME_MAX) {
            errors.invalid("metadata.name", name, "must be no more than " + NAME_MAX + " characters");
        }
    }

    @Override
    public void validateUpdate(ObjectNode cron, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource != null || !namesZone(cron)) {
            return;
        }
        if (!namesZone(old)) {
            errors.invalid("spec.schedule", schedule(cron), "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        } else if (cron.path("spec").has("timeZone")) {
            errors.invalid("spec.schedule", schedule(cron), "cannot use both timeZone field and TZ or CRON_TZ in schedule");
        }
    }

    private static boolean namesZone(ObjectNode cron) {
        return schedule(cron).contains("TZ");
    }

    private static String schedule(ObjectNode cron) {
        return Json.string(cron, "spec", "schedule");
    }

    @Override
    public void defaults(ObjectNode cron) {
        ObjectNode spec = Json.child(cron, "spec");
        Json.setDefault(spec, "concurrencyPolicy", "Allow");
        Json.setDefault(spec, "suspend", false);
        Json.setDefault(spec, "successfulJobsHistoryLimit", 3);
        Json.setDefault(spec, "failedJobsHistoryLimit", 1);
        ObjectNode job = Json.child(Json.child(spec, "jobTemplate"), "spec");
        PodSpecDefaults.apply(Json.child(Json.child(job, "template"), "spec"));
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode cron, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(cron);
        String schedule = Json.string(spec, "schedule");
        if (schedule.isEmpty()) {
            errors.required("spec.schedule", "");
        } else {
            String wrong = CronSchedule.problem(schedule);
            if (!wrong.isEmpty()) {
                errors.invalid("spec.schedule", schedule, wrong);
            }
        }
        WorkloadValidation.notNegative(spec, "spec", "startingDeadlineSeconds", errors);
        if (spec.has("timeZone")) {
            zone(Json.string(spec, "timeZone"), errors);
        }
        errors.oneOf("spec.concurrencyPolicy", Json.string(spec, "concurrencyPolicy"), List.of("Allow", "Forbid", "Replace"));
        if (spec.path("jobTemplate").get("spec") instanceof ObjectNode job) {
            JobRules.validateSpec(job, "spec.jobTemplate.spec", errors);
            if (Json.present(job.get("selector"))) {
                errors.invalid("spec.jobTemplate.spec.selector", job.path("selector"), "`selector` will be auto-generated");
            }
            if (Json.flag(job, "manualSelector")) {
                errors.oneOf("spec.jobTemplate.spec.manualSelector", "true", List.of("nil", "false"));
            }
        }
        WorkloadValidation.notNegative(spec, "spec", "successfulJobsHistoryLimit", errors);
        WorkloadValidation.notNegative(spec, "spec", "failedJobsHistoryLimit", errors);
    }

    private static void zone(String zone, Errors errors) {
        if (zone.isEmpty()) {
            errors.invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string");
        } else if (zone.equalsIgnoreCase("Local")) {
            errors.invalid("spec.timeZone", zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
        } else if (!SHORT_ZONES.contains(zone) && !ZoneId.getAvailableZoneIds().contains(zone)) {
            // An offset is no zone, though it would be taken for one.
            errors.invalid("spec.timeZone", zone, "unknown time zone " + zone);
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
