package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

class WorkloadRulesTest {
    private static final Kinds KINDS = Kinds.load();
    private static final Instant NOW = Instant.parse("2026-05-01T00:10:00Z");
    private static final String TEMPLATE =
            "\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i:1\"}]%s}}";

    /// An object as it is after defaults, with a name and a namespace.
    private static ObjectNode made(String apiVersion, String kind, String spec) {
        ObjectNode object = Json.readObject(
                "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"x\",\"namespace\":\"d\",\"uid\":\"u1\"},\"spec\":%s}"
                        .formatted(apiVersion, kind, spec));
        Kind rules = KINDS.get(apiVersion, kind);
        rules.setDefaults(object);
        rules.prepareCreate(object);
        rules.named(object);
        return object;
    }

    private static List<String> problems(String apiVersion, String kind, String spec) {
        return texts(KINDS.get(apiVersion, kind).validateCreate(made(apiVersion, kind, spec)));
    }

    private static List<String> texts(List<FieldError> errors) {
        return errors.stream().map(FieldError::text).toList();
    }

    private static String cells(ObjectNode object) {
        Kind kind = KINDS.get(Json.string(object, "apiVersion"), Json.string(object, "kind"));
        return kind.cells(object, NOW).stream().map(cell -> cell.asString("")).toList().toString();
    }

    private static String spec(String more) {
        return "{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},%s%s}".formatted(TEMPLATE.formatted(""), more);
    }

    @Test
    void aDeploymentSaysWhatItsWriterLeftOut() {
        ObjectNode made = made("apps/v1", "Deployment", spec(""));
        ObjectNode spec = (ObjectNode) made.path("spec");
        assertThat(Json.number(spec, 0, "replicas")).isEqualTo(1);
        assertThat(Json.number(spec, 0, "revisionHistoryLimit")).isEqualTo(10);
        assertThat(Json.number(spec, 0, "progressDeadlineSeconds")).isEqualTo(600);
        assertThat(Json.print(spec.path("strategy")))
                .isEqualTo("{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxUnavailable\":\"25%\",\"maxSurge\":\"25%\"}}");
        assertThat(Json.string(spec, "template", "spec", "restartPolicy")).isEqualTo("Always");
        assertThat(Json.number(made, 0, "metadata", "generation")).isEqualTo(1);
        assertThat(KINDS.get("apps/v1", "Deployment").validateCreate(made)).isEmpty();
        assertThat(cells(made)).startsWith("[x, 0/1, 0, 0, ").endsWith(", c, i:1, a=b]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'hostNetwork':true|hostNetwork: Forbidden: every pod is a virtual machine",
                "'volumes':[{'name':'v','hostPath':{'path':'/'}}]|volumes[0].hostPath: Forbidden: every pod is a virtual machine",
                "'volumes':[{'name':'v','csi':{'driver':'x'}}]|volumes[0].csi: Forbidden: volumes of this type are not served",
                "'volumes':[{'name':'v','projected':{'sources':[{'clusterTrustBundle':{'path':'t'}}]}}]|volumes[0].projected.sources[0].clusterTrustBundle: Forbidden: sources",
                "'initContainers':[{'name':'i','image':'i','ports':[{'containerPort':1,'hostPort':1}]}]|initContainers[0].ports[0].hostPort: Forbidden: ports of the host",
                "'securityContext':{'appArmorProfile':{'type':'Localhost','localhostProfile':'x'}}|securityContext.appArmorProfile: Forbidden: the kernel",
                "'os':{'name':'windows'}|os.name: Unsupported value: \"windows\"",
                "'resourceClaims':[{'name':'x','resourceClaimName':'y'}]|resourceClaims: Forbidden: resource claims"
            })
    void aTemplateMayNeedWhatItsPodsAreRefusedFor(String part, String told) {
        String more = "," + part.replace('\'', '"');
        String running = "{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},%s}".formatted(TEMPLATE.formatted(more));
        for (String kind : List.of("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet")) {
            assertThat(problems("apps/v1", kind, running)).as(kind).isEmpty();
        }
        ObjectNode job = made("batch/v1", "Job", "{%s}".formatted(TEMPLATE.formatted(more + ",\"restartPolicy\":\"Never\"")));
        assertThat(KINDS.get("batch/v1", "Job").validateCreate(job)).isEmpty();
        List<FieldError> unserved = new ArrayList<>();
        PodTemplates.unserved(job.path("spec").path("template"), "t.spec", unserved::add);
        assertThat(texts(unserved)).singleElement().asString().startsWith("t.spec." + told);
    }

    @Test
    void aTemplateThatNeedsTheHostIsCheckedAsOthersAre() {
        String wrong = "{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},%s}".formatted(TEMPLATE.formatted(",\"hostPID\":true,\"dnsPolicy\":\"Odd\""));
        assertThat(problems("apps/v1", "DaemonSet", wrong)).singleElement().asString().startsWith("spec.template.spec.dnsPolicy: Unsupported value: \"Odd\"");
    }

    @Test
    void whenAJobEndsBeforeItsTimeIsChecked() {
        String job = "{\"completionMode\":\"Indexed\",\"completions\":5," + TEMPLATE.formatted(",\"restartPolicy\":\"Never\"") + "%s}";
        assertThat(problems("batch/v1", "Job", job.formatted(",\"successPolicy\":{\"rules\":[{\"succeededIndexes\":\"0,2-4\",\"succeededCount\":4}]}"))).isEmpty();
        assertThat(problems("batch/v1", "Job", job.formatted(",\"successPolicy\":{\"rules\":[{},{\"succeededIndexes\":\"2,1\"},{\"succeededIndexes\":\"0-5\"},{\"succeededIndexes\":\"1\",\"succeededCount\":2}]}")))
                .containsExactly(
                        "spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified",
                        "spec.successPolicy.rules[1].succeededIndexes: Invalid value: \"2,1\": error parsing succeededIndexes: non-increasing order, previous: 2, current: 1",
                        "spec.successPolicy.rules[2].succeededIndexes: Invalid value: \"0-5\": error parsing succeededIndexes: too large index: \"5\"",
                        "spec.successPolicy.rules[3].succeededCount: Invalid value: 2: must be less than or equal to 1 (the number of indexes in the specified succeededIndexes field)");
        assertThat(problems("batch/v1", "Job", job.formatted(",\"podFailurePolicy\":{\"rules\":["
                        + "{\"action\":\"Ignore\",\"onExitCodes\":{\"containerName\":\"odd\",\"operator\":\"In\",\"values\":[3,2,3]}},"
                        + "{\"action\":\"Ignore\",\"onPodConditions\":[{\"type\":\"A\",\"status\":\"Odd\"}]}]}")))
                .containsExactly(
                        "spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: \"odd\": must be one of the container or initContainer names in the pod template",
                        "spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 3",
                        "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [3,2,3]: must be ordered",
                        "spec.podFailurePolicy.rules[1].onPodConditions[0].status: Unsupported value: \"Odd\": supported values: \"False\", \"True\", \"Unknown\"");
        assertThat(problems("batch/v1", "Job", job.formatted(",\"maxFailedIndexes\":6"))).containsExactly(
                "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
                "spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions");
        assertThat(problems("batch/v1", "Job", job.replace(":5,", ":100001,").formatted(",\"backoffLimitPerIndex\":1"))).containsExactly(
                "spec.maxFailedIndexes: Required value: must be specified when completions is above 100000");
        assertThat(problems("batch/v1", "Job", job.formatted(",\"managedBy\":\"me\""))).containsExactly(
                "spec.managedBy: Invalid value: \"me\": must be a domain-prefixed path (such as \"acme.io/foo\")");
    }

    @Test
    void aStatefulSetIsCheckedInUpstreamsWords() {
        assertThat(problems("apps/v1", "StatefulSet", spec(",\"podManagementPolicy\":\"Odd\",\"updateStrategy\":{\"type\":\"Odd\"}"))).containsExactly(
                "spec.podManagementPolicy: Invalid value: \"Odd\": must be 'OrderedReady' or 'Parallel'",
                "spec.updateStrategy: Invalid value: {\"type\":\"Odd\"}: must be 'RollingUpdate' or 'OnDelete'");
        assertThat(problems("apps/v1", "StatefulSet", spec(",\"revisionHistoryLimit\":-1"))).as("all are kept").isEmpty();
        assertThat(problems("apps/v1", "StatefulSet", "{\"selector\":{\"matchLabels\":{\"a\":\"b\"}}," + TEMPLATE.formatted(",\"activeDeadlineSeconds\":5") + "}"))
                .containsExactly("spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported");
        Kind kind = KINDS.get("apps/v1", "StatefulSet");
        ObjectNode made = made("apps/v1", "StatefulSet", spec(""));
        Json.child(made, "metadata").put("name", "a.b");
        assertThat(texts(kind.validateCreate(made))).singleElement().asString().startsWith("metadata.name: Invalid value: \"a.b\"");
        assertThat(texts(kind.validateUpdate(made.deepCopy(), made, null))).as("made before it was refused").isEmpty();
    }

    @Test
    void aDeploymentThatCannotWorkIsRefused() {
        assertThat(problems("apps/v1", "Deployment", "{" + TEMPLATE.formatted("") + "}")).containsExactly("spec.selector: Required value");
        assertThat(problems("apps/v1", "Deployment", "{\"selector\":{}," + TEMPLATE.formatted("") + "}"))
                .containsExactly("spec.selector: Invalid value: {}: empty selector is invalid for deployment");
        assertThat(problems("apps/v1", "Deployment", "{\"selector\":{\"matchLabels\":{\"a\":\"c\"}}," + TEMPLATE.formatted("") + "}"))
                .containsExactly(
                        "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`");
        assertThat(problems("apps/v1", "Deployment", spec(",\"replicas\":-1")))
                .containsExactly("spec.replicas: Invalid value: -1: must be greater than or equal to 0");
        assertThat(problems("apps/v1", "Deployment", spec(",\"strategy\":{\"type\":\"Recreate\",\"rollingUpdate\":{\"maxSurge\":1}}")))
                .containsExactly("spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'");
        assertThat(problems("apps/v1", "Deployment", spec(",\"strategy\":{\"rollingUpdate\":{\"maxSurge\":0,\"maxUnavailable\":0}}")))
                .containsExactly("spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0");
        assertThat(problems(
                        "apps/v1",
                        "Deployment",
                        "{\"selector\":{\"matchLabels\":{\"a\":\"b\"}}," + TEMPLATE.formatted(",\"restartPolicy\":\"Never\"") + "}"))
                .containsExactly("spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"");
    }

    @Test
    void aDaemonSetCountsTheChangesOfItsTemplate() {
        String generation = "deprecated.daemonset.template.generation";
        Kind kind = KINDS.get("apps/v1", "DaemonSet");
        ObjectNode first = made("apps/v1", "DaemonSet", selecting("DaemonSet", "{\"matchLabels\":{\"a\":\"b\"}}"));
        assertThat(first.path("metadata").path("annotations").path(generation).asString("")).isEqualTo("1");
        ObjectNode replaced = first.deepCopy();
        Json.child(replaced, "metadata").remove("annotations");
        kind.prepareUpdate(replaced, first, null);
        assertThat(replaced.path("metadata").path("annotations").path(generation).asString("")).as("whoever replaces it need not know").isEqualTo("1");
        ObjectNode changed = first.deepCopy();
        Json.child(Json.child(changed, "metadata"), "annotations").put(generation, "7");
        Json.child(Json.child(changed, "spec"), "template").withObject("/metadata/labels").put("more", "1");
        kind.prepareUpdate(changed, first, null);
        assertThat(changed.path("metadata").path("annotations").path(generation).asString("")).as("nobody sets it").isEqualTo("2");
    }

    private static String selecting(String kind, String selector) {
        return "{\"selector\":" + selector + "," + TEMPLATE.formatted(kind.equals("Job") ? ",\"restartPolicy\":\"Never\"" : "") + "}";
    }

    /// Its cause as upstream's ValidateLabelSelector tells it (apimachinery `pkg/apis/meta/v1/validation/validation.go`).
    @ParameterizedTest
    @CsvSource({"apps/v1,Deployment", "apps/v1,ReplicaSet", "apps/v1,DaemonSet", "apps/v1,StatefulSet", "batch/v1,Job"})
    void aMalformedSelectorIsRefusedInAChangeAndLetBeWhereItIsStored(String apiVersion, String name) {
        Kind kind = KINDS.get(apiVersion, name);
        ObjectNode right = made(apiVersion, name, selecting(name, "{\"matchLabels\":{\"a\":\"b\"}}"));
        Map<String, String> causes = Map.of(
                "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Foo\"}]}",
                "spec.selector.matchExpressions[0].operator: Invalid value: \"Foo\": not a valid selector operator",
                "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}",
                "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
                "{\"matchExpressions\":[{\"key\":\"/\",\"operator\":\"Exists\"}]}",
                "spec.selector.matchExpressions[0].key: Invalid value: \"/\": ",
                "{\"matchLabels\":{\"a\":\"-\"}}",
                "spec.selector.matchLabels: Invalid value: \"-\": ");
        causes.forEach((selector, cause) -> {
            ObjectNode wrong = right.deepCopy();
            Json.child(wrong, "spec").set("selector", Json.readObject(selector));
            assertThat(texts(kind.validateUpdate(wrong, right, null))).as(selector).anyMatch(text -> text.startsWith(cause));
            ObjectNode labelled = wrong.deepCopy();
            Json.child(Json.child(labelled, "metadata"), "labels").put("l", "1");
            assertThat(texts(kind.validateUpdate(labelled, wrong, null))).as(selector).isEmpty();
            ObjectNode leaving = wrong.deepCopy();
            Json.child(leaving, "metadata").putArray("finalizers").add("a.b/c");
            assertThat(texts(kind.validateUpdate(wrong, leaving, null))).as(selector).isEmpty();
        });
    }

    @ParameterizedTest
    @CsvSource({"apps/v1,Deployment", "batch/v1,Job"})
    void aMalformedSelectorBehindAsMuchAsIsToldIsNotTakenForRight(String apiVersion, String name) {
        ObjectNode made = made(apiVersion, name, selecting(name, "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Foo\"}]}"));
        ObjectNode labels = Json.child(Json.child(made, "metadata"), "labels");
        for (int i = 0; i < 300; i++) {
            labels.put("a" + i, "-");
        }
        assertThat(KINDS.get(apiVersion, name).validateCreate(made)).hasSize(200);
    }

    @Test
    void aSelectorStays() {
        Kind kind = KINDS.get("apps/v1", "Deployment");
        ObjectNode old = made("apps/v1", "Deployment", spec(""));
        ObjectNode changed = old.deepCopy();
        Json.child(Json.child(Json.child(changed, "spec"), "selector"), "matchLabels").put("z", "y");
        Json.child(Json.child(Json.child(Json.child(changed, "spec"), "template"), "metadata"), "labels").put("z", "y");
        assertThat(texts(kind.validateUpdate(changed, old, null)))
                .containsExactly("spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\",\"z\":\"y\"}}: field is immutable");
    }

    @Test
    void aJobKnowsItsOwnPods() {
        ObjectNode job = made("batch/v1", "Job", "{" + TEMPLATE.formatted(",\"restartPolicy\":\"Never\"") + "}");
        ObjectNode spec = (ObjectNode) job.path("spec");
        assertThat(Json.string(spec.path("selector").path("matchLabels"), "batch.kubernetes.io/controller-uid")).isEqualTo("u1");
        assertThat(Json.string(spec.path("template").path("metadata").path("labels"), "job-name")).isEqualTo("x");
        assertThat(Json.number(spec, 0, "completions")).isEqualTo(1);
        assertThat(Json.number(spec, 0, "backoffLimit")).isEqualTo(6);
        assertThat(Json.string(spec, "podReplacementPolicy")).isEqualTo("TerminatingOrFailed");
        assertThat(KINDS.get("batch/v1", "Job").validateCreate(job)).isEmpty();
        assertThat(cells(job)).startsWith("[x, Running, 0/1, , ");
        assertThat(problems("batch/v1", "Job", "{" + TEMPLATE.formatted("") + "}"))
                .containsExactly("spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"");
        assertThat(problems("batch/v1", "Job", "{\"completionMode\":\"Indexed\",\"parallelism\":2," + TEMPLATE.formatted(",\"restartPolicy\":\"Never\"") + "}"))
                .containsExactly("spec.completions: Required value: when completion mode is Indexed");
    }

    @Test
    void aJobsTemplateStaysUnlessItWaits() {
        Kind kind = KINDS.get("batch/v1", "Job");
        ObjectNode old = made("batch/v1", "Job", "{\"suspend\":true," + TEMPLATE.formatted(",\"restartPolicy\":\"Never\"") + "}");
        ObjectNode placed = old.deepCopy();
        Json.child(Json.child(Json.child(Json.child(placed, "spec"), "template"), "spec"), "nodeSelector").put("disk", "fast");
        assertThat(kind.validateUpdate(placed, old, null)).isEmpty();
        Json.child(old, "spec").put("suspend", false);
        assertThat(texts(kind.validateUpdate(placed, old, null))).singleElement().satisfies(text -> assertThat(text)
                .startsWith("spec.template: Invalid value: ")
                .endsWith(": field is immutable"));
    }

    @Test
    void schedulesAreReadAsCronReadsThem() {
        for (String good : List.of("*/5 * * * *", "0 0 1 jan sun", "@hourly", "@every 1h30m", "@every 2562047h47m16s", "@every 500us", "0-30/5,45 1,2 ? * mon-fri", "59 23 31 12 6")) {
            assertThat(CronSchedule.problem(good)).as(good).isEmpty();
        }
        for (String bad : List.of("", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7", "5-1 * * * *", "*/0 * * * *",
                "1/2/3 * * * *", "@often", "a * * * *", "* * * * * *", "@every", "@every 1", "@every 2562047h47m17s", "@every 9999999h",
                "@every " + "1s".repeat(900), "@every " + "1s".repeat(100_000), "0,".repeat(100_000) + " * * * *", "TZ=UTC CRON_TZ=UTC * * * * *")) {
            assertThat(CronSchedule.problem(bad)).as(bad).isNotEmpty();
        }
    }

    @Test
    void aStatefulSetChangesOnlyWhatItMay() {
        Kind kind = KINDS.get("apps/v1", "StatefulSet");
        ObjectNode old = made("apps/v1", "StatefulSet", spec(",\"serviceName\":\"s\""));
        assertThat(kind.validateCreate(old)).isEmpty();
        ObjectNode changed = old.deepCopy();
        Json.child(changed, "spec").put("replicas", 4);
        assertThat(kind.validateUpdate(changed, old, null)).isEmpty();
        Json.child(changed, "spec").put("serviceName", "other");
        assertThat(texts(kind.validateUpdate(changed, old, null))).singleElement().satisfies(text -> assertThat(text)
                .startsWith("spec: Forbidden: updates to statefulset spec for fields other than 'replicas'"));
    }

    @Test
    void wishesForAPlaceAreChecked() {
        String container = "\"containers\":[{\"name\":\"c\",\"image\":\"i:1\"}]";
        assertThat(problems("v1", "Pod", "{" + container + ",\"topologySpreadConstraints\":[{\"maxSkew\":0,\"whenUnsatisfiable\":\"Never\"}]}"))
                .containsExactly(
                        "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
                        "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
                        "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"Never\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\"");
        assertThat(problems(
                        "v1",
                        "Pod",
                        "{" + container + ",\"affinity\":{\"podAntiAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{\"weight\":101,\"podAffinityTerm\":{}}]}}}"))
                .containsExactly(
                        "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100",
                        "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey: Required value: can not be empty");
    }

    @Test
    void containersAreAddedToARunningPodAndStay() {
        Kind kind = KINDS.get("v1", "Pod");
        ObjectNode old = made("v1", "Pod", "{\"containers\":[{\"name\":\"c\",\"image\":\"i:1\"}]}");
        ObjectNode wish = old.deepCopy();
        Json.child(wish, "spec").put("nodeName", "elsewhere");
        Json.child(wish, "spec").putArray("ephemeralContainers").addObject().put("name", "debug").put("image", "d:1").put("targetContainerName", "c");
        kind.prepareUpdate(wish, old, "ephemeralcontainers");
        assertThat(wish.path("spec").has("nodeName")).isFalse();
        assertThat(Json.number(wish, 0, "metadata", "generation")).isEqualTo(2);
        assertThat(texts(kind.validateUpdate(wish, old, "ephemeralcontainers"))).isEmpty();
        // An ordinary change of such a pod is as free as before.
        ObjectNode labelled = wish.deepCopy();
        Json.child(Json.child(labelled, "metadata"), "labels").put("l", "1");
        kind.prepareUpdate(labelled, wish, null);
        assertThat(texts(kind.validateUpdate(labelled, wish, null))).isEmpty();
        ObjectNode gone = old.deepCopy();
        kind.prepareUpdate(gone, wish, "ephemeralcontainers");
        assertThat(texts(kind.validateUpdate(gone, wish, "ephemeralcontainers")))
                .containsExactly("spec.ephemeralContainers: Forbidden: existing ephemeral containers \"debug\" may not be removed\n");
        ObjectNode ported = wish.deepCopy();
        Json.objects(ported.path("spec"), "ephemeralContainers").getFirst().putArray("ports").addObject().put("containerPort", 80);
        assertThat(texts(kind.validateUpdate(ported, old, "ephemeralcontainers")))
                .containsExactly("spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container");
        assertThat(texts(kind.validateCreate(wish))).containsExactly("spec.ephemeralContainers: Forbidden: cannot be set on create");
    }

    @Test
    void processorAndMemoryOfARunningPodChange() {
        Kind kind = KINDS.get("v1", "Pod");
        ObjectNode old = made(
                "v1",
                "Pod",
                "{\"containers\":[{\"name\":\"c\",\"image\":\"i:1\",\"resources\":{\"requests\":{\"cpu\":\"100m\"},\"limits\":{\"cpu\":\"200m\"}}}]}");
        ObjectNode wish = old.deepCopy();
        ObjectNode container = Json.objects(wish.path("spec"), "containers").getFirst();
        container.put("image", "evil:1");
        Json.child(Json.child(container, "resources"), "limits").put("cpu", "300m");
        kind.prepareUpdate(wish, old, "resize");
        assertThat(Json.string(wish.path("spec").path("containers").path(0), "image")).isEqualTo("i:1");
        assertThat(Json.number(wish, 0, "metadata", "generation")).isEqualTo(2);
        assertThat(texts(kind.validateUpdate(wish, old, "resize"))).isEmpty();
        Json.child(Json.child(Json.objects(wish.path("spec"), "containers").getFirst(), "resources"), "limits").remove("cpu");
        assertThat(texts(kind.validateUpdate(wish, old, "resize")))
                .contains("spec.containers[0].resources.limits.cpu: Forbidden: resource limits cannot be removed");
        ObjectNode best = made("v1", "Pod", "{\"containers\":[{\"name\":\"c\",\"image\":\"i:1\"}]}");
        assertThat(texts(kind.validateUpdate(old, best, "resize")))
                .contains("spec: Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing");
    }

    @Test
    void aRunningPodOfAnOddAmountIsDebuggedAndResized() {
        Kind kind = KINDS.get("v1", "Pod");
        ObjectNode old = made("v1", "Pod", "{\"containers\":[{\"name\":\"c\",\"image\":\"i:1\",\"resources\":{"
                + "\"requests\":{\"cpu\":\"100m\",\"hugepages-2Mi\":\"3Mi\"},\"limits\":{\"cpu\":\"200m\",\"hugepages-2Mi\":\"3Mi\"}}}]}");
        ObjectNode debugged = old.deepCopy();
        Json.child(debugged, "spec").putArray("ephemeralContainers").addObject().put("name", "debug").put("image", "d:1");
        kind.prepareUpdate(debugged, old, "ephemeralcontainers");
        assertThat(texts(kind.validateUpdate(debugged, old, "ephemeralcontainers"))).isEmpty();
        ObjectNode resized = old.deepCopy();
        Json.child(Json.child(Json.objects(resized.path("spec"), "containers").getFirst(), "resources"), "limits").put("cpu", "300m");
        kind.prepareUpdate(resized, old, "resize");
        assertThat(texts(kind.validateUpdate(resized, old, "resize"))).isEmpty();
        Json.child(Json.child(Json.objects(resized.path("spec"), "containers").getFirst(), "resources"), "requests").put("cpu", "400m");
        assertThat(texts(kind.validateUpdate(resized, old, "resize"))).isNotEmpty();
    }
}
