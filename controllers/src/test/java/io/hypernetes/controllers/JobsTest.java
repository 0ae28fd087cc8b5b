package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class JobsTest {
    private static final Map<String, String> FAILS = Map.of("simulate.hypernetes.io/run-for", "1ms", "simulate.hypernetes.io/exit-code", "3");
    private static final Map<String, String> WORKS = Map.of("simulate.hypernetes.io/run-for", "1ms");
    private static Workbench bench;

    @BeforeAll
    static void start() throws Exception {
        bench = new Workbench(3);
    }

    @AfterAll
    static void stop() throws Exception {
        bench.close();
    }

    private static JobBuilder job(String name, Map<String, String> annotations) {
        return new JobBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec()
                .withParallelism(1)
                .withCompletions(1)
                .withBackoffLimit(2)
                .withCompletionMode("NonIndexed")
                .withSelector(new LabelSelectorBuilder().addToMatchLabels("app", name).build())
                .withTemplate(Workbench.template(name, "a", annotations))
                .editTemplate().editSpec().withRestartPolicy("Never").endSpec().endTemplate()
                .endSpec();
    }

    private static JobCondition awaitCondition(String name, String type) {
        await().untilAsserted(() -> assertThat(bench.get(Kind.JOB, name).getStatus().getConditions())
                .anyMatch(condition -> condition.getType().equals(type) && condition.getStatus().equals("True")));
        return bench.get(Kind.JOB, name).getStatus().getConditions().stream()
                .filter(condition -> condition.getType().equals(type)).findFirst().orElseThrow();
    }

    private static List<Pod> podsOf(String app) {
        return bench.list(Kind.POD).stream().filter(pod -> app.equals(pod.getMetadata().getLabels().get("app"))).toList();
    }

    @Test
    void enoughPodsSucceedAndAreCountedOnceAndLetGo() {
        bench.create(Kind.JOB, job("many", WORKS).editSpec().withParallelism(3).withCompletions(7).endSpec().build());
        assertThat(awaitCondition("many", "Complete").getMessage()).isEqualTo("Reached expected number of succeeded pods");
        Job done = bench.get(Kind.JOB, "many");
        assertThat(done.getStatus().getSucceeded()).isEqualTo(7);
        assertThat(done.getStatus().getFailed()).isNull();
        assertThat(done.getStatus().getActive()).isNull();
        assertThat(done.getStatus().getCompletionTime()).isNotNull();
        assertThat(done.getStatus().getUncountedTerminatedPods().getSucceeded()).isEmpty();
        assertThat(podsOf("many")).hasSize(7).allMatch(pod -> pod.getMetadata().getFinalizers().isEmpty());
        await().untilAsserted(() -> assertThat(bench.events("many", "Completed")).containsExactly("Job completed"));
    }

    @Test
    void anIndexedJobHasOnePodForEachIndex() {
        bench.create(Kind.JOB, job("parts", WORKS).editSpec().withParallelism(5).withCompletions(5).withCompletionMode("Indexed").endSpec().build());
        awaitCondition("parts", "Complete");
        assertThat(bench.get(Kind.JOB, "parts").getStatus().getCompletedIndexes()).isEqualTo("0-4");
        assertThat(podsOf("parts")).extracting(pod -> pod.getSpec().getHostname())
                .containsExactlyInAnyOrder("parts-0", "parts-1", "parts-2", "parts-3", "parts-4");
        assertThat(podsOf("parts").getFirst().getSpec().getContainers().getFirst().getEnv())
                .anyMatch(variable -> variable.getName().equals("JOB_COMPLETION_INDEX"));
    }

    @Test
    void tooManyFailuresEndIt() {
        bench.create(Kind.JOB, job("bad", FAILS).build());
        JobCondition failed = awaitCondition("bad", "Failed");
        assertThat(failed.getReason()).isEqualTo("BackoffLimitExceeded");
        assertThat(failed.getMessage()).isEqualTo("Job has reached the specified backoff limit");
        assertThat(bench.get(Kind.JOB, "bad").getStatus().getFailed()).isEqualTo(3);
        await().untilAsserted(() -> assertThat(bench.events("bad", "BackoffLimitExceeded")).hasSize(1));
    }

    @Test
    void aFailurePolicyEndsItAtOnce() {
        bench.create(Kind.JOB, job("policy", FAILS).editSpec().withNewPodFailurePolicy().addNewRule().withAction("FailJob")
                .withNewOnExitCodes().withOperator("In").withValues(3).endOnExitCodes().endRule().endPodFailurePolicy().endSpec().build());
        JobCondition failed = awaitCondition("policy", "Failed");
        assertThat(failed.getReason()).isEqualTo("PodFailurePolicy");
        assertThat(failed.getMessage()).matches("Container c for pod default/policy-.* failed with exit code 3 matching FailJob rule at index 0");
        assertThat(podsOf("policy")).hasSize(1);
    }

    @Test
    void eachIndexHasItsOwnLimit() {
        bench.create(Kind.JOB, job("each", FAILS).editSpec().withParallelism(2).withCompletions(2).withCompletionMode("Indexed")
                .withBackoffLimit(Integer.MAX_VALUE).withBackoffLimitPerIndex(1).endSpec().build());
        assertThat(awaitCondition("each", "Failed").getReason()).isEqualTo("FailedIndexes");
        assertThat(bench.get(Kind.JOB, "each").getStatus().getFailedIndexes()).isEqualTo("0,1");
        assertThat(bench.get(Kind.JOB, "each").getStatus().getFailed()).isEqualTo(4);
    }

    /// With a limit for each index nobody waits for what others did (getPodCreationInfoForIndependentIndexes in upstream's job_controller.go).
    @Test
    void anIndexWaitsForItsOwnFailuresOnly() throws Exception {
        try (Workbench slow = new Workbench(1, java.time.Duration.ofHours(1))) {
            slow.create(Kind.JOB, indexed("own", FAILS, 3).editSpec().withParallelism(1).withBackoffLimit(Integer.MAX_VALUE).withBackoffLimitPerIndex(5)
                    .withNewPodFailurePolicy().addNewRule().withAction("FailIndex").withNewOnExitCodes().withOperator("In").withValues(3).endOnExitCodes().endRule().endPodFailurePolicy()
                    .endSpec().build());
            await().untilAsserted(() -> assertThat(slow.get(Kind.JOB, "own").getStatus().getFailedIndexes()).isEqualTo("0-2"));

            slow.create(Kind.JOB, indexed("again", FAILS, 1).editSpec().withBackoffLimit(Integer.MAX_VALUE).withBackoffLimitPerIndex(5).endSpec().build());
            await().untilAsserted(() -> assertThat(slow.list(Kind.POD)).filteredOn(pod -> "again".equals(pod.getMetadata().getLabels().get("app")))
                    .extracting(pod -> pod.getStatus().getPhase()).as("the second waits an hour").containsExactly("Failed"));
        }
    }

    @Test
    void failuresOfAnIndexThatArePassedOverAreCountedApart() {
        bench.create(Kind.JOB, indexed("passed-over", FAILS, 1).editSpec().withBackoffLimit(Integer.MAX_VALUE).withBackoffLimitPerIndex(0)
                .withNewPodFailurePolicy().addNewRule().withAction("Ignore").withNewOnExitCodes().withOperator("In").withValues(3).endOnExitCodes().endRule().endPodFailurePolicy()
                .endSpec().build());
        await().untilAsserted(() -> assertThat(podsOf("passed-over")).extracting(pod -> pod.getMetadata().getAnnotations())
                .anySatisfy(annotations -> assertThat(annotations)
                        .containsEntry("batch.kubernetes.io/job-index-failure-count", "0")
                        .containsEntry("batch.kubernetes.io/job-index-ignored-failure-count", "2")));
        bench.delete(Kind.JOB, "passed-over");
    }

    private static final Map<String, String> RUNS = Map.of("simulate.hypernetes.io/run-for", "1h");

    private static JobBuilder indexed(String name, Map<String, String> annotations, int completions) {
        return job(name, annotations).editSpec().withParallelism(completions).withCompletions(completions).withCompletionMode("Indexed").endSpec();
    }

    @Test
    void aSuccessPolicyNamesTheIndexesOrTheirNumber() {
        bench.create(Kind.JOB, indexed("all-of-them", WORKS, 3).editSpec().withNewSuccessPolicy().addNewRule().withSucceededIndexes("0-2").endRule().endSuccessPolicy().endSpec().build());
        JobCondition met = awaitCondition("all-of-them", "SuccessCriteriaMet");
        assertThat(met.getReason()).isEqualTo("SuccessPolicy");
        awaitCondition("all-of-them", "Complete");
        assertThat(bench.get(Kind.JOB, "all-of-them").getStatus().getCompletedIndexes()).isEqualTo("0-2");

        for (boolean byNumber : new boolean[] {false, true}) {
            String name = byNumber ? "one-of-them" : "the-first";
            var policy = indexed(name, RUNS, 3).editSpec().withNewSuccessPolicy().addNewRule();
            bench.create(Kind.JOB, (byNumber ? policy.withSucceededCount(1) : policy.withSucceededIndexes("0")).endRule().endSuccessPolicy().endSpec().build());
            await().untilAsserted(() -> assertThat(bench.get(Kind.JOB, name).getStatus().getReady()).isEqualTo(3));
            Pod first = podsOf(name).stream().filter(pod -> pod.getSpec().getHostname().equals(name + "-0")).findFirst().orElseThrow();
            bench.change(Kind.POD, first.getMetadata().getName(), pod -> new PodBuilder(pod).editMetadata().addToAnnotations("simulate.hypernetes.io/run-for", "1ms").endMetadata().build());
            awaitCondition(name, "Complete");
            assertThat(bench.get(Kind.JOB, name).getStatus().getCompletedIndexes()).isEqualTo("0");
            assertThat(bench.get(Kind.JOB, name).getStatus().getSucceeded()).isEqualTo(1);
            await().untilAsserted(() -> assertThat(podsOf(name).stream().filter(pod -> "Running".equals(pod.getStatus().getPhase()))).isEmpty());
        }
    }

    @Test
    void indexesFailAtOnceWhenAPolicySaysSoAndTooManyEndTheJob() {
        bench.create(Kind.JOB, indexed("at-once", FAILS, 2).editSpec().withBackoffLimit(Integer.MAX_VALUE).withBackoffLimitPerIndex(5)
                .withNewPodFailurePolicy().addNewRule().withAction("FailIndex").withNewOnExitCodes().withOperator("In").withValues(3).endOnExitCodes().endRule().endPodFailurePolicy()
                .endSpec().build());
        assertThat(awaitCondition("at-once", "Failed").getReason()).isEqualTo("FailedIndexes");
        assertThat(bench.get(Kind.JOB, "at-once").getStatus().getFailedIndexes()).isEqualTo("0,1");
        assertThat(bench.get(Kind.JOB, "at-once").getStatus().getFailed()).isEqualTo(2);

        bench.create(Kind.JOB, indexed("too-many", FAILS, 10).editSpec().withParallelism(2).withBackoffLimit(Integer.MAX_VALUE).withBackoffLimitPerIndex(0).withMaxFailedIndexes(3).endSpec().build());
        JobCondition failed = awaitCondition("too-many", "Failed");
        assertThat(failed.getReason()).isEqualTo("MaxFailedIndexesExceeded");
        assertThat(podsOf("too-many")).hasSizeLessThan(10);
    }

    @Test
    void aDisruptionIsNoFailureWhenThePolicyIgnoresIt() {
        bench.create(Kind.JOB, job("disrupted", RUNS).editSpec().withBackoffLimit(0).withNewPodFailurePolicy().addNewRule().withAction("Ignore")
                .addNewOnPodCondition().withType("DisruptionTarget").withStatus("True").endOnPodCondition().endRule().endPodFailurePolicy().endSpec().build());
        await().untilAsserted(() -> assertThat(bench.get(Kind.JOB, "disrupted").getStatus().getReady()).isEqualTo(1));
        Pod evicted = podsOf("disrupted").getFirst();
        bench.client.of(Kind.POD).change(bench.key(evicted.getMetadata().getName()), "status", pod -> new PodBuilder(pod).editStatus()
                .addNewCondition().withType("DisruptionTarget").withStatus("True").withReason("EvictionByEvictionAPI").endCondition().endStatus().build());
        bench.delete(Kind.POD, evicted.getMetadata().getName());
        await().untilAsserted(() -> assertThat(podsOf("disrupted")).anyMatch(pod -> !pod.getMetadata().getUid().equals(evicted.getMetadata().getUid()) && "Running".equals(pod.getStatus().getPhase())));
        assertThat(bench.get(Kind.JOB, "disrupted").getStatus().getFailed()).isNull();
        bench.delete(Kind.JOB, "disrupted");
    }

    /// A Job whose pods are all on a node that is taken away while the first of them runs there.
    private static Pod lostWithItsNode(Job job) {
        String node = "of-" + job.getMetadata().getName();
        bench.client.of(Kind.NODE).create("root", new NodeBuilder().withNewMetadata().withName(node).endMetadata().withNewSpec().withUnschedulable(true).endSpec()
                .withNewStatus().addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build());
        bench.create(Kind.JOB, new JobBuilder(job).editSpec().editTemplate().editSpec().withNodeName(node).endSpec().endTemplate().endSpec().build());
        await().untilAsserted(() -> assertThat(podsOf(job.getMetadata().getName())).hasSize(1));
        Pod first = podsOf(job.getMetadata().getName()).getFirst();
        assertThat(first.getMetadata().getFinalizers()).containsExactly("batch.kubernetes.io/job-tracking");
        bench.client.of(Kind.POD).change(bench.key(first.getMetadata().getName()), "status", pod -> new PodBuilder(pod).editOrNewStatus().withPhase("Running").endStatus().build());
        bench.client.of(Kind.NODE).delete(ObjectKey.root(node), Deletion.ordinary());
        return first;
    }

    @Test
    void aPodThatIsLostWithItsNodeIsCountedAndGoes() {
        Pod lost = lostWithItsNode(job("lost", RUNS).editSpec().withBackoffLimit(0).endSpec().build());
        assertThat(awaitCondition("lost", "Failed").getReason()).isEqualTo("BackoffLimitExceeded");
        assertThat(bench.get(Kind.JOB, "lost").getStatus().getFailed()).isEqualTo(1);
        await().untilAsserted(() -> assertThat(bench.client.of(Kind.POD).find(bench.key(lost.getMetadata().getName()))).isEmpty());
    }

    /// No kubelet ever says when its containers ended.
    @Test
    void anIndexWhosePodIsLostWithItsNodeGoesOn() {
        lostWithItsNode(indexed("lost-index", RUNS, 1).editSpec().withBackoffLimit(Integer.MAX_VALUE).withBackoffLimitPerIndex(1).endSpec().build());
        // The second goes to the same node, and the same way.
        assertThat(awaitCondition("lost-index", "Failed").getReason()).isEqualTo("FailedIndexes");
        assertThat(bench.get(Kind.JOB, "lost-index").getStatus().getFailed()).isEqualTo(2);
    }

    @Test
    void aPodThatIsLostWithItsNodeIsNoFailureWhenThePolicyIgnoresIt() {
        Pod lost = lostWithItsNode(job("excused", RUNS).editSpec().withBackoffLimit(0).withNewPodFailurePolicy().addNewRule().withAction("Ignore")
                .addNewOnPodCondition().withType("DisruptionTarget").withStatus("True").endOnPodCondition().endRule().endPodFailurePolicy().endSpec().build());
        await().untilAsserted(() -> {
            assertThat(bench.client.of(Kind.POD).find(bench.key(lost.getMetadata().getName()))).isEmpty();
            assertThat(podsOf("excused")).isNotEmpty();
        });
        assertThat(bench.get(Kind.JOB, "excused").getStatus().getFailed()).isNull();
        bench.delete(Kind.JOB, "excused");
    }

    @Test
    void aJobTakesInItsOrphansAndReleasesStrangers() {
        bench.create(Kind.JOB, job("adopting", RUNS).editSpec().withParallelism(2).withCompletions(2).endSpec().build());
        await().untilAsserted(() -> assertThat(bench.get(Kind.JOB, "adopting").getStatus().getReady()).isEqualTo(2));
        String name = podsOf("adopting").getFirst().getMetadata().getName();
        bench.change(Kind.POD, name, pod -> new PodBuilder(pod).editMetadata().withOwnerReferences(List.of()).endMetadata().build());
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD, name).getMetadata().getOwnerReferences()).hasSize(1));
        bench.change(Kind.POD, name, pod -> new PodBuilder(pod).editMetadata().removeFromLabels("app").endMetadata().build());
        await().untilAsserted(() -> assertThat(bench.get(Kind.POD, name).getMetadata().getOwnerReferences()).isEmpty());
        await().untilAsserted(() -> assertThat(bench.get(Kind.JOB, "adopting").getStatus().getReady()).isEqualTo(2));
        bench.delete(Kind.JOB, "adopting");
        bench.delete(Kind.POD, name);
    }

    @Test
    void aSuspendedJobHasNoPodsUntilItGoesOn() {
        bench.create(Kind.JOB, job("later", Map.of("simulate.hypernetes.io/run-for", "1h")).build());
        await().untilAsserted(() -> assertThat(bench.get(Kind.JOB, "later").getStatus().getReady()).isEqualTo(1));
        bench.change(Kind.JOB, "later", now -> new JobBuilder(now).editSpec().withSuspend(true).endSpec().build());
        assertThat(awaitCondition("later", "Suspended").getMessage()).isEqualTo("Job suspended");
        await().untilAsserted(() -> assertThat(podsOf("later")).isEmpty());
        assertThat(bench.get(Kind.JOB, "later").getStatus().getStartTime()).isNull();
        bench.change(Kind.JOB, "later", now -> new JobBuilder(now).editSpec().withSuspend(false).endSpec().build());
        await().untilAsserted(() -> assertThat(bench.get(Kind.JOB, "later").getStatus().getReady()).isEqualTo(1));
        assertThat(bench.get(Kind.JOB, "later").getStatus().getFailed()).isNull();
        bench.change(Kind.JOB, "later", now -> new JobBuilder(now).editSpec().withActiveDeadlineSeconds(1L).endSpec().build());
        assertThat(awaitCondition("later", "Failed").getReason()).isEqualTo("DeadlineExceeded");
    }

    /// Its pods are on a node without an agent, so that they end when the test says so.
    @Test
    void aJobThatIsSuspendedWhileItEndsEnds() {
        bench.client.of(Kind.NODE).create("root", new NodeBuilder().withNewMetadata().withName("of-ending").endMetadata().withNewSpec().withUnschedulable(true).endSpec()
                .withNewStatus().addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build());
        bench.create(Kind.JOB, job("ending", RUNS).editSpec().withBackoffLimit(0).withParallelism(2).withCompletions(2)
                .editTemplate().editSpec().withNodeName("of-ending").endSpec().endTemplate().endSpec().build());
        await().untilAsserted(() -> assertThat(podsOf("ending")).hasSize(2));
        String failed = podsOf("ending").getFirst().getMetadata().getName();
        bench.client.of(Kind.POD).change(bench.key(failed), "status", pod -> new PodBuilder(pod).editOrNewStatus().withPhase("Failed").endStatus().build());
        awaitCondition("ending", "FailureTarget");
        await().untilAsserted(() -> assertThat(bench.get(Kind.JOB, "ending").getStatus().getTerminating()).isEqualTo(1));
        String started = bench.get(Kind.JOB, "ending").getStatus().getStartTime();
        assertThat(started).isNotNull();
        bench.change(Kind.JOB, "ending", now -> new JobBuilder(now).editSpec().withSuspend(true).endSpec().build());
        podsOf("ending").stream().filter(pod -> !pod.getMetadata().getName().equals(failed)).forEach(pod -> bench.api.remove(Kind.POD, bench.key(pod.getMetadata().getName())));
        awaitCondition("ending", "Failed");
        assertThat(bench.get(Kind.JOB, "ending").getStatus().getStartTime()).as("finished jobs have started").isEqualTo(started);
        bench.client.of(Kind.NODE).delete(ObjectKey.root("of-ending"), Deletion.ordinary());
    }

    /// A look whose status another writer comes before is taken again.
    @Test
    void whatIsRefusedIsToldOnceItIsWritten() {
        bench.api.failNext("/jobs/refused/status", 409, 2);
        bench.create(Kind.JOB, job("refused", WORKS).editSpec().withSuspend(true).endSpec().build());
        awaitCondition("refused", "Suspended");
        bench.change(Kind.JOB, "refused", now -> new JobBuilder(now).editSpec().withSuspend(false).endSpec().build());
        await().untilAsserted(() -> assertThat(bench.events("refused", "Completed")).hasSize(1));
        assertThat(bench.list(Kind.EVENT)).filteredOn(event -> event.getInvolvedObject().getName().equals("refused"))
                .filteredOn(event -> event.getReason().equals("Suspended")).singleElement().satisfies(event -> assertThat(event.getCount()).isEqualTo(1));
    }

    /// `recordJobFinished` in upstream's pkg/controller/job/job_controller.go.
    @Test
    void moreThanEnoughIsTold() {
        bench.create(Kind.JOB, job("eager", RUNS).editSpec().withSuspend(true).endSpec().build());
        awaitCondition("eager", "Suspended");
        Job eager = bench.get(Kind.JOB, "eager");
        // Of both at once.
        for (String name : List.of("eager-a", "eager-b")) {
            bench.create(Kind.POD, new PodBuilder().withNewMetadata().withName(name).withLabels(Map.of("app", "eager")).withFinalizers("batch.kubernetes.io/job-tracking")
                    .addNewOwnerReference().withApiVersion("batch/v1").withKind("Job").withName("eager").withUid(eager.getMetadata().getUid()).withController(true).endOwnerReference()
                    .endMetadata().withNewSpec().addNewContainer().withName("c").withImage("i").endContainer().endSpec()
                    .withNewStatus().withPhase("Succeeded").endStatus().build());
        }
        awaitCondition("eager", "Complete");
        await().untilAsserted(() -> assertThat(bench.events("eager", "TooManySucceededPods")).containsExactly("Too many succeeded pods running after completion count reached"));
    }

    @Test
    void aJobThatAsksForItGoesWhenItHasEnded() {
        bench.create(Kind.JOB, job("gone", WORKS).editSpec().withTtlSecondsAfterFinished(0).endSpec().build());
        await().untilAsserted(() -> assertThat(bench.client.of(Kind.JOB).find(bench.key("gone"))).isEmpty());
    }

    @Test
    void aCronJobMakesUpForTheLastMissedTimeAndKeepsItsHistoryShort() {
        CronJob cron = new CronJobBuilder()
                .withNewMetadata().withName("tick").endMetadata()
                .withNewSpec()
                .withSchedule("@every 1s")
                .withConcurrencyPolicy("Allow")
                .withSuccessfulJobsHistoryLimit(1)
                .withNewJobTemplate().withSpec(job("tick", WORKS).buildSpec()).endJobTemplate()
                .endSpec()
                .build();
        bench.create(Kind.CRON_JOB, cron);
        await().untilAsserted(() -> assertThat(bench.get(Kind.CRON_JOB, "tick").getStatus().getLastSuccessfulTime()).isNotNull());
        await().untilAsserted(() -> assertThat(bench.events("tick", "SawCompletedJob")).isNotEmpty()
                .allMatch(text -> text.matches("Saw completed job: tick-\\d+, condition: Complete")));
        bench.change(Kind.CRON_JOB, "tick", now -> new CronJobBuilder(now).editSpec().withSuspend(true).endSpec().build());
    }
}
