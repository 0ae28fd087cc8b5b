package io.hypernetes.controllers.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What one look at a Job comes to, as in upstream's pkg/controller/job/job_controller.go.
class JobStepTest {
    private static final Instant NOW = Instant.parse("2026-01-01T01:00:00Z");

    private static JobBuilder job(int parallelism, Integer completions, boolean indexed) {
        return new JobBuilder().withNewMetadata().withName("j").endMetadata()
                .withNewSpec().withParallelism(parallelism).withCompletions(completions).withCompletionMode(indexed ? "Indexed" : "NonIndexed").withBackoffLimit(6)
                .withNewTemplate().withNewSpec().withRestartPolicy("Never").endSpec().endTemplate().endSpec();
    }

    private static PodBuilder pod(String uid, String phase) {
        return new PodBuilder().withNewMetadata().withName(uid).withNamespace("default").withUid(uid).withCreationTimestamp("2026-01-01T00:00:00Z")
                .withFinalizers(JobPods.TRACKING).endMetadata().withNewSpec().withNodeName("n").endSpec().withNewStatus().withPhase(phase).endStatus();
    }

    private static PodBuilder pod(String uid, String phase, int index) {
        return pod(uid, phase).editMetadata().addToAnnotations(JobPods.INDEX, String.valueOf(index)).endMetadata();
    }

    /// The uids of ten thousand pods that ended while no master ran would be more than a status may hold.
    @Test
    void aStatusNotesSoManyEndsAtOnceAndCountsAll() {
        List<Pod> pods = IntStream.range(0, 700).mapToObj(n -> pod("p" + n, n < 600 ? "Succeeded" : "Failed").build()).toList();
        JobStep step = new JobStep(job(1000, 1000, false).editSpec().withBackoffLimit(200).endSpec().build(), pods, NOW);
        assertThat(step.uncountedSucceeded.size() + step.uncountedFailed.size()).isEqualTo(JobStep.MOST_NOTED);
        assertThat(step.letGo).hasSize(JobStep.MOST_NOTED);
        assertThat(step.succeededSoFar()).isEqualTo(600);
        assertThat(step.failedSoFar()).isEqualTo(100);
        assertThat(step.wantedActive()).isEqualTo(400);
    }

    /// What a tenant asks for may be more than times can be.
    @Test
    void aDeadlineAsFarOffAsCanBeWrittenIsNotReached() {
        JobStep step = new JobStep(job(1, 1, false).editSpec().withActiveDeadlineSeconds(Long.MAX_VALUE).endSpec()
                .withNewStatus().withStartTime("2026-01-01T00:00:00Z").endStatus().build(), List.of(pod("a", "Running").build()), NOW);
        assertThat(step.untilDeadline()).isGreaterThan(Duration.ofDays(36_000)).isLessThan(Duration.ofNanos(Long.MAX_VALUE));
        assertThat(step.verdict()).isNull();
    }

    @Test
    void onceOneHasSucceededTheOthersGoOnByThemselves() {
        JobStep step = new JobStep(job(1, null, false).build(), List.of(pod("a", "Succeeded").build(), pod("b", "Running").build(), pod("c", "Running").build()), NOW);
        assertThat(step.wantedActive()).isEqualTo(2);
    }

    @Test
    void ofSeveralPodsOfAnIndexTheOneThatCameFurthestStays() {
        Pod ready = pod("b", "Running", 0).editStatus().addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build();
        JobStep step = new JobStep(job(2, 2, true).build(),
                List.of(pod("a", "Pending", 0).build(), ready, pod("c", "Running", 1).build(), pod("d", "Running", 7).build()), NOW);
        assertThat(step.useless()).extracting(gone -> gone.getMetadata().getUid()).containsExactlyInAnyOrder("a", "d");
        assertThat(step.surplus(3)).extracting(gone -> gone.getMetadata().getUid()).containsExactlyInAnyOrder("a", "d", "c");
    }

    @Test
    void whatFailsOutsideOfTheIndexesCountsForNothing() {
        Job job = job(2, 2, true).editSpec().withBackoffLimitPerIndex(0).endSpec().build();
        JobStep step = new JobStep(job, List.of(pod("a", "Failed", 7).build(), pod("b", "Failed", 1).build()), NOW);
        assertThat(Indexes.text(step.failedIndexes)).isEqualTo("1");
        assertThat(step.uncountedFailed).containsExactly("b");
        assertThat(step.letGo).hasSize(2);
    }

    /// A bit for each index up to what a pod claims would be 125 MB at every look.
    @Test
    void whatIsOutsideOfTheIndexesTakesNoRoom() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        Pod leaving = pod("b", "Running", 999_999_999).editMetadata().withDeletionTimestamp("2026-01-01T00:59:00Z").endMetadata().build();
        JobStep step = new JobStep(job(3, 3, true).editSpec().withPodReplacementPolicy("Failed").endSpec().build(),
                List.of(pod("a", "Running", 999_999_999).build(), leaving, pod("c", "Running", 1).build()), NOW);
        long before = threads.getCurrentThreadAllocatedBytes();
        assertThat(step.openIndexes(3)).containsExactly(0, 2);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(10_000_000);
    }

    /// Where only those count that failed: they are taken away, as others did enough.
    @Test
    void whatGoesAsEnoughHaveSucceededIsNoFailure() {
        Pod leaving = pod("b", "Running", 1).editMetadata().withDeletionTimestamp("2026-01-01T00:59:00Z").endMetadata().build();
        for (String type : List.of(JobConditions.SUCCESS, JobConditions.FAILURE_TARGET)) {
            Job job = job(2, 2, true).editSpec().withPodReplacementPolicy("Failed").endSpec()
                    .withNewStatus().withConditions(JobConditions.make(type, "True", "r", "m", NOW)).endStatus().build();
            JobStep step = new JobStep(job, List.of(leaving), NOW);
            assertThat(step.letGo).hasSize(1);
            assertThat(step.uncountedFailed).hasSize(type.equals(JobConditions.SUCCESS) ? 0 : 1);
        }
    }

    @Test
    void aPolicyLooksAtTheContainersBeforeThoseThatInitialise() {
        Pod failed = pod("a", "Failed").editStatus()
                .addNewInitContainerStatus().withName("first").withNewState().withNewTerminated().withExitCode(3).endTerminated().endState().endInitContainerStatus()
                .addNewContainerStatus().withName("main").withNewState().withNewTerminated().withExitCode(3).endTerminated().endState().endContainerStatus()
                .endStatus().build();
        Job job = job(1, 1, false).editSpec().withNewPodFailurePolicy().addNewRule().withAction("FailJob")
                .withNewOnExitCodes().withOperator("In").withValues(3).endOnExitCodes().endRule().endPodFailurePolicy().endSpec().build();
        assertThat(FailurePolicy.of(job, failed).message()).isEqualTo("Container main for pod default/a failed with exit code 3 matching FailJob rule at index 0");
        assertThat(Stream.of(new JobStep(job, List.of(failed), NOW).verdict()).map(verdict -> verdict.getReason())).containsExactly("PodFailurePolicy");
    }
}
