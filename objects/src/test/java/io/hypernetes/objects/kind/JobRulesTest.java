package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Sentences and their order as in upstream's `pkg/apis/batch/validation/validation.go` and `pkg/registry/batch/job/strategy.go`.
class JobRulesTest {
    private static final Kinds KINDS = Kinds.load();
    private static final Kind JOB = KINDS.get("batch/v1", "Job");
    private static final Kind CRON = KINDS.get("batch/v1", "CronJob");
    private static final String START = "'startTime':'2026-05-01T00:00:00Z'";
    private static final String END = "'completionTime':'2026-05-01T00:01:00Z'";

    private static ObjectNode read(String text) {
        return Json.readObject(text.replace('\'', '"'));
    }

    /// A job as it is when its name is known.
    private static ObjectNode job(String labels, String spec) {
        ObjectNode job = read(("{'apiVersion':'batch/v1','kind':'Job','metadata':{'name':'x','namespace':'d','uid':'u'},"
                        + "'spec':{'template':{'metadata':{'labels':{%s}},'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i'}]}}%s}}")
                .formatted(labels, spec));
        JOB.setDefaults(job);
        JOB.prepareCreate(job);
        JOB.named(job);
        return job;
    }

    private static List<String> created(ObjectNode job) {
        return texts(JOB.validateCreate(job));
    }

    private static List<String> texts(List<FieldError> errors) {
        return errors.stream().map(FieldError::text).toList();
    }

    private static String conditions(String... types) {
        List<String> all = List.of(types).stream().map(type -> "{'type':'" + type + "','status':'True'}").toList();
        return "'conditions':[" + String.join(",", all) + "]";
    }

    private static List<String> told(String spec, String before, String now) {
        ObjectNode old = job("", spec);
        ObjectNode updated = old.deepCopy();
        old.set("status", read("{" + before + "}"));
        updated.set("status", read("{" + now + "}"));
        return texts(JOB.validateUpdate(updated, old, "status"));
    }

    @Test
    void labelsThatTellItsPodsAreNotTheClients() {
        assertThat(created(job("", ""))).isEmpty();
        assertThat(created(job("'job-name':'y'", ""))).singleElement().asString()
                .startsWith("spec.template.metadata.labels[job-name]: Invalid value: {").endsWith(": must be 'x'");
        assertThat(created(job("", ",'selector':{'matchLabels':{'a':'b'}}"))).satisfiesExactly(
                first -> assertThat(first).startsWith("spec.selector: Invalid value: ").endsWith(": `selector` not auto-generated"),
                second -> assertThat(second).endsWith(": `selector` does not match template `labels`"));
        ObjectNode another = job("", "");
        Json.child(another, "metadata").put("name", "z");
        JOB.named(another);
        assertThat(created(another)).as("a generated name was taken, and another is tried").isEmpty();
    }

    @Test
    void aSelectorOfItsOwnMayBeEmptyButNotAbsent() {
        assertThat(created(job("'a':'b'", ",'manualSelector':true,'selector':{}"))).isEmpty();
        assertThat(created(job("'a':'b'", ",'manualSelector':true"))).containsExactly(
                "spec.selector: Required value",
                "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`");
    }

    @Test
    void theHostNamesOfAnIndexedJobsPodsAreLabels() {
        ObjectNode job = job("", ",'completionMode':'Indexed','completions':100");
        Json.child(job, "metadata").put("name", "n".repeat(61));
        JOB.named(job);
        assertThat(created(job)).containsExactly("metadata.name: Invalid value: \"" + "n".repeat(61)
                + "\": will not able to create pod with invalid DNS label: " + "n".repeat(61) + "-99");
    }

    @Test
    void rulesOfFailureAreToldWithoutThemselves() {
        assertThat(created(job("", ",'podFailurePolicy':{'rules':[{'action':'Ignore'}]},'managedBy':'a.io/b?'"))).containsExactly(
                "spec.managedBy: Invalid value: \"b?\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')",
                "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required");
    }

    @Test
    void aSuspendedJobsResourcesAndNodesMayChange() {
        ObjectNode old = job("", ",'suspend':true");
        ObjectNode updated = old.deepCopy();
        ObjectNode pod = (ObjectNode) updated.path("spec").path("template").path("spec");
        ((ObjectNode) pod.path("containers").path(0)).set("resources", read("{'requests':{'cpu':'1'}}"));
        pod.set("affinity", read("{'nodeAffinity':{}}"));
        assertThat(JOB.validateUpdate(updated, old, null)).isEmpty();
        old.set("status", read("{'active':1," + START + "}"));
        assertThat(texts(JOB.validateUpdate(updated, old, null))).singleElement().asString().startsWith("spec.template: ");
        pod.set("affinity", read("{'podAffinity':{}}"));
        old.remove("status");
        assertThat(texts(JOB.validateUpdate(updated, old, null))).singleElement().asString().startsWith("spec.template: ");
    }

    @Test
    void completionsOfAnIndexedJobChangeWithItsParallelism() {
        ObjectNode old = job("", ",'completionMode':'Indexed','completions':2,'parallelism':2");
        ObjectNode updated = old.deepCopy();
        ((ObjectNode) updated.path("spec")).put("completions", 3);
        assertThat(texts(JOB.validateUpdate(updated, old, null)))
                .containsExactly("spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism");
        ((ObjectNode) updated.path("spec")).put("parallelism", 3);
        assertThat(JOB.validateUpdate(updated, old, null)).isEmpty();
    }

    @Test
    void whatIsSaidOfAJobMustHold() {
        assertThat(told("", START, START + "," + END + "," + conditions("SuccessCriteriaMet", "Complete"))).isEmpty();
        assertThat(told("", "", "'active':-1,'uncountedTerminatedPods':{'succeeded':['a',''],'failed':['a']}")).containsExactly(
                "status.active: Invalid value: -1: must be greater than or equal to 0",
                "status.uncountedTerminatedPods.succeeded[1]: Invalid value: \"\": must not be empty",
                "status.uncountedTerminatedPods.failed[0]: Duplicate value: \"a\"",
                "status.ready: Invalid value: 0: cannot set more ready pods than active");
        assertThat(told("", "", "'active':1,'terminating':1," + conditions("Complete", "Failed"))).containsExactly(
                "status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions",
                "status.completionTime: Required value: completionTime is required for Complete jobs",
                "status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition",
                "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
                "status.active: Invalid value: 1: active>0 is invalid for finished job",
                "status.startTime: Required value: startTime is required for finished job",
                "status.terminating: Invalid value: 1: terminating>0 is invalid for finished job");
        assertThat(told("", START, START + "," + END)).containsExactly(
                "status.completionTime: Invalid value: \"2026-05-01T00:01:00Z\": cannot set completionTime when there is no Complete=True condition");
        assertThat(told(",'completionMode':'Indexed','completions':5,'backoffLimitPerIndex':1", "", "'completedIndexes':'0-2','failedIndexes':'2,3'"))
                .containsExactly("status.failedIndexes: Invalid value: \"2,3\": failedIndexes and completedIndexes overlap at index: 2");
        assertThat(told("", "", "'completedIndexes':'1','failedIndexes':''")).containsExactly(
                "status.completedIndexes: Invalid value: \"1\": error parsing completedIndexes: too large index: \"1\"",
                "status.completedIndexes: Invalid value: \"1\": cannot set non-empty completedIndexes when non-indexed completion mode",
                "status.failedIndexes: Invalid value: \"\": cannot set non-null failedIndexes when backoffLimitPerIndex is null");
    }

    @Test
    void whatWasSaidOfAJobIsNotTakenBack() {
        String done = START + "," + END + ",'succeeded':2,'failed':1," + conditions("SuccessCriteriaMet", "Complete");
        assertThat(told("", done, "'succeeded':1")).containsExactly(
                "status.conditions: Invalid value: cannot disable the terminal Complete=True condition",
                "status.failed: Invalid value: 0: cannot decrease the failed counter",
                "status.succeeded: Invalid value: 1: cannot decrease the succeeded counter",
                "status.startTime: Invalid value: \"null\": field is immutable for unsuspended job once set",
                "status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition");
        assertThat(told("", done, done.replace("00:01:00", "00:02:00")))
                .containsExactly("status.completionTime: Invalid value: \"2026-05-01T00:02:00Z\": completionTime cannot be mutated");
        assertThat(told("", "'active':-1", "'active':-1,'failed':1")).as("wrong before").isEmpty();
    }

    /// As upstream since its pull request 134769: a job that was suspended begins anew when it goes on.
    @Test
    void aJobThatGoesOnStartsAnew() {
        String suspended = START + "," + conditions("Suspended");
        String later = suspended.replace("00:00:00", "00:01:00");
        assertThat(told("", suspended, later.replace("'True'", "'False'"))).isEmpty();
        assertThat(told("", suspended, later)).containsExactly(
                "status.startTime: Invalid value: \"2026-05-01T00:01:00Z\": field is immutable for unsuspended job once set");
        assertThat(told("", suspended.replace("'True'", "'False'"), later.replace("'True'", "'False'"))).hasSize(1);
    }

    private static ObjectNode cron(String name, String spec) {
        ObjectNode cron = read(("{'apiVersion':'batch/v1','kind':'CronJob','metadata':{'name':'%s','namespace':'d'},'spec':{%s,"
                        + "'jobTemplate':{'spec':{'selector':{},'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i'}]}}}}}}")
                .formatted(name, spec));
        CRON.setDefaults(cron);
        return cron;
    }

    @Test
    void aCronJobIsCheckedInUpstreamsOrder() {
        assertThat(texts(CRON.validateCreate(cron("n".repeat(53), "'schedule':'TZ=UTC * * * * *','startingDeadlineSeconds':-1,'failedJobsHistoryLimit':-1"))))
                .containsExactly(
                        "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
                        "spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated",
                        "spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
                        "spec.schedule: Invalid value: \"TZ=UTC * * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
                        "metadata.name: Invalid value: \"" + "n".repeat(53) + "\": must be no more than 52 characters");
    }

    @Test
    void aCronJobThatWasMadeWithAZoneInItsScheduleKeepsIt() {
        ObjectNode old = cron("n".repeat(53), "'schedule':'TZ=UTC * * * * *'");
        assertThat(CRON.validateUpdate(cron("n".repeat(53), "'schedule':'TZ=UTC 1 * * * *'"), old, null)).isEmpty();
        assertThat(texts(CRON.validateUpdate(cron("n".repeat(53), "'schedule':'TZ=UTC 1 * * * *','timeZone':'UTC'"), old, null)))
                .containsExactly("spec.schedule: Invalid value: \"TZ=UTC 1 * * * *\": cannot use both timeZone field and TZ or CRON_TZ in schedule");
    }

    /// Or nobody could suspend it, or take its finalizers away, without a schedule of another's choice.
    @ParameterizedTest
    @ValueSource(ints = {600, 40_000, 600_000})
    void aCronJobWhoseScheduleWouldBeRefusedNowMayKeepIt(int times) {
        String schedule = "'schedule':'*" + ",1".repeat(times) + " * * * *','timeZone':'Nowhere/Known'";
        ObjectNode old = cron("x", schedule);
        assertThat(texts(CRON.validateCreate(old))).anyMatch(text -> text.endsWith("must be no more than 1024 characters"));
        ObjectNode changed = cron("x", schedule + ",'suspend':true,'successfulJobsHistoryLimit':7");
        assertThat(CRON.validateUpdate(changed, old, null)).isEmpty();
        assertThat(texts(CRON.validateUpdate(cron("x", schedule.replace("*,1", "*,2")), old, null))).singleElement().asString().endsWith("must be no more than 1024 characters");
    }

    @ParameterizedTest
    @CsvSource({"Europe/Berlin,''", "Etc/UTC,''", "EST,''", "MST,''", "HST,''", "ROC,''", "GMT+0,''", "GMT-0,''", "PST,unknown time zone PST", "+05,unknown time zone +05", "UTC+1,unknown time zone UTC+1"})
    void zonesAreNamedAndNotReckoned(String zone, String problem) {
        List<String> found = texts(CRON.validateCreate(cron("x", "'schedule':'* * * * *','timeZone':'" + zone + "'"))).stream()
                .filter(text -> text.startsWith("spec.timeZone"))
                .toList();
        assertThat(found).isEqualTo(problem.isEmpty() ? List.of() : List.of("spec.timeZone: Invalid value: \"" + zone + "\": " + problem));
    }
}
