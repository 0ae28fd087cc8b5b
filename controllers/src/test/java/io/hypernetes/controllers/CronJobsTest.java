package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Informers;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.controllers.batch.CronJobs;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// CronJobs by a clock of the test's own: looked at when the test says so.
class CronJobsTest {
    private static final Instant START = Instant.parse("2026-10-24T22:00:00Z");
    private static final ObjectKey KEY = new ObjectKey("red", "default", "tick");

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final Informers informers = new Informers(client);
    private final Caches caches = Caches.of(informers);
    private volatile Instant now = START;
    private final EventRecorder events = new EventRecorder(client, "cronjob-controller", null, () -> now);
    private final CronJobs controller = new CronJobs(client, events, () -> now);

    @BeforeEach
    void start() throws Exception {
        controller.watch(caches, _ -> {});
        informers.start();
        assertThat(caches.awaitSynced(Duration.ofSeconds(10))).isTrue();
    }

    @AfterEach
    void stop() {
        events.close();
        informers.close();
        client.close();
        api.close();
    }

    /// A CronJob that ran last at the beginning.
    private void create(String schedule, UnaryOperator<CronJobBuilder> more) {
        client.of(Kind.CRON_JOB).create("red", more.apply(new CronJobBuilder()
                        .withNewMetadata().withNamespace("default").withName("tick").endMetadata()
                        .withNewSpec().withSchedule(schedule)
                        .withNewJobTemplate().withNewSpec().withTemplate(Workbench.template("tick", "a")).endSpec().endJobTemplate().endSpec()
                        .withNewStatus().withLastScheduleTime(START.toString()).endStatus())
                .build());
    }

    private static UnaryOperator<CronJobBuilder> concurrency(String policy) {
        return cron -> cron.editSpec().withConcurrencyPolicy(policy).endSpec();
    }

    private CronJob cron() {
        return client.of(Kind.CRON_JOB).get(KEY);
    }

    private List<Job> jobs() {
        return client.of(Kind.JOB).list(Scope.tenant("red"), Selection.everything()).items().stream()
                .sorted(Comparator.comparing(job -> job.getMetadata().getName())).toList();
    }

    private List<String> events(String reason) {
        return client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items().stream()
                .filter(event -> event.getReason().equals(reason)).map(Event::getMessage).toList();
    }

    /// The controller looks once at what there is, and again as soon as it asked to in less than a second.
    private void lookAt(Instant time) {
        now = time;
        awaitCaches();
        await().pollInterval(Duration.ofMillis(1)).until(() -> !controller.reconcile(KEY).filter(Duration.ofSeconds(1)::equals).isPresent());
    }

    private void awaitCaches() {
        await().pollInterval(Duration.ofMillis(1)).until(() -> caches.of(Kind.JOB).list().size() == jobs().size()
                && caches.of(Kind.JOB).list().stream().allMatch(job -> job.getMetadata().getResourceVersion().equals(client.of(Kind.JOB).get(ObjectKey.of("red", job)).getMetadata().getResourceVersion()))
                && caches.of(Kind.CRON_JOB).get(KEY).filter(seen -> seen.getMetadata().getResourceVersion().equals(cron().getMetadata().getResourceVersion())).isPresent());
    }

    private void finish(Job job) {
        client.of(Kind.JOB).update("red", new JobBuilder(job).withNewStatus().withStartTime(now.toString()).withCompletionTime(now.toString())
                .addNewCondition().withType("SuccessCriteriaMet").withStatus("True").endCondition()
                .addNewCondition().withType("Complete").withStatus("True").endCondition().endStatus().build(), "status");
    }

    @Test
    void theDayOnWhichClocksGoBackHas25Hours() {
        create("0 * * * *", cron -> cron.editSpec().withTimeZone("Europe/Berlin").endSpec());
        for (int hour = 1; hour <= 25; hour++) {
            lookAt(START.plus(Duration.ofHours(hour)).minusSeconds(1));
            assertThat(jobs()).hasSize(hour - 1);
            lookAt(START.plus(Duration.ofHours(hour)).plusSeconds(1));
        }
        assertThat(jobs()).hasSize(25).extracting(job -> job.getMetadata().getAnnotations().get("batch.kubernetes.io/cronjob-scheduled-timestamp"))
                .containsSequence("2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00").endsWith("2026-10-26T00:00:00+01:00");
        assertThat(jobs().getFirst().getMetadata().getName()).isEqualTo("tick-" + START.plus(Duration.ofHours(1)).getEpochSecond() / 60);
        assertThat(cron().getStatus().getLastScheduleTime()).isEqualTo("2026-10-25T23:00:00Z");
    }

    @Test
    void oneThatMayNotRunTwiceWaitsAndMakesUpForIt() {
        create("0 * * * *", concurrency("Forbid"));
        lookAt(START.plus(Duration.ofMinutes(60)));
        lookAt(START.plus(Duration.ofMinutes(121)));
        assertThat(jobs()).hasSize(1);
        await().untilAsserted(() -> assertThat(events("JobAlreadyActive")).containsExactly("Not starting job because prior execution is running and concurrency policy is Forbid"));
        finish(jobs().getFirst());
        lookAt(START.plus(Duration.ofMinutes(125)));
        assertThat(jobs()).extracting(job -> job.getMetadata().getAnnotations().get("batch.kubernetes.io/cronjob-scheduled-timestamp"))
                .containsExactly("2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z");
        assertThat(cron().getStatus().getActive()).extracting(ObjectReference::getName).containsExactly(jobs().getLast().getMetadata().getName());
    }

    @Test
    void oneThatReplacesEndsWhatStillRuns() {
        create("0 * * * *", concurrency("Replace"));
        lookAt(START.plus(Duration.ofMinutes(60)));
        String first = jobs().getFirst().getMetadata().getName();
        lookAt(START.plus(Duration.ofMinutes(120)));
        assertThat(jobs()).singleElement().satisfies(job -> {
            assertThat(job.getMetadata().getName()).isNotEqualTo(first);
            assertThat(cron().getStatus().getActive()).extracting(ObjectReference::getUid).containsExactly(job.getMetadata().getUid());
        });
        await().untilAsserted(() -> assertThat(events("SuccessfulDelete")).containsExactly("Deleted job " + first));
    }

    @Test
    void oneThatMayRunsManyAtOnceAndNoneWhileItIsSuspended() {
        create("0 * * * *", concurrency("Allow"));
        lookAt(START.plus(Duration.ofMinutes(60)));
        lookAt(START.plus(Duration.ofMinutes(120)));
        assertThat(cron().getStatus().getActive()).hasSize(2);
        client.of(Kind.CRON_JOB).change(KEY, null, cron -> new CronJobBuilder(cron).editSpec().withSuspend(true).endSpec().build());
        lookAt(START.plus(Duration.ofMinutes(180)));
        assertThat(jobs()).hasSize(2);
    }

    @Test
    void ofManyMissedTimesTheLastIsMadeUpForAndTheyAreTold() {
        create("* * * * *", concurrency("Allow"));
        lookAt(START.plus(Duration.ofDays(7)).plusSeconds(30));
        assertThat(jobs()).singleElement().satisfies(job -> assertThat(job.getMetadata().getAnnotations()).containsEntry("batch.kubernetes.io/cronjob-scheduled-timestamp", "2026-10-31T22:00:00Z"));
        await().untilAsserted(() -> assertThat(events("TooManyMissedTimes")).containsExactly("too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"));
    }

    @Test
    void aHundredMissedTimesAreNotTooMany() {
        create("* * * * *", concurrency("Allow"));
        lookAt(START.plus(Duration.ofMinutes(100)));
        assertThat(jobs()).hasSize(1);
        lookAt(START.plus(Duration.ofMinutes(202)));
        await().untilAsserted(() -> assertThat(events("TooManyMissedTimes")).hasSize(1));
        assertThat(client.of(Kind.EVENT).list(Scope.tenant("red"), Selection.everything()).items()).filteredOn(event -> event.getReason().equals("TooManyMissedTimes"))
                .extracting(Event::getCount).containsExactly(1);
    }

    /// Whatever a tenant writes as the last time and the deadline, a look is short: here of two thousand years of minutes, none of them on the day it is.
    @Test
    @Timeout(60)
    void aLookIsShortHoweverMuchWasMissed() {
        create("* * * 1-11 *", cron -> cron.editStatus().withLastScheduleTime("0001-01-01T00:00:00Z").endStatus());
        lookAt(Instant.parse("2026-12-31T12:00:00Z"));
        assertThat(jobs()).singleElement().satisfies(job -> assertThat(job.getMetadata().getAnnotations()).containsEntry("batch.kubernetes.io/cronjob-scheduled-timestamp", "2026-11-30T23:59:00Z"));
        change(cron -> cron.editSpec().withStartingDeadlineSeconds(Long.MAX_VALUE).endSpec());
        awaitCaches();
        assertThat(controller.reconcile(KEY)).contains(Duration.ofHours(12).plusMillis(100));
        change(cron -> cron.editSpec().withStartingDeadlineSeconds(60L).withSchedule("@every 2562047h47m16s").endSpec().editStatus().withLastScheduleTime("9999-12-31T00:00:00Z").endStatus());
        awaitCaches();
        assertThat(controller.reconcile(KEY)).hasValueSatisfying(again -> assertThat(again).isGreaterThan(Duration.ofDays(8000 * 365L)));
        assertThat(jobs()).hasSize(1);
    }

    /// Whoever may write the status may write any; it is not the last then.
    @Test
    void aLastTimeThatIsNoneIsPassedOver() {
        create("* * * * *", cron -> cron.editStatus().withLastScheduleTime("+999999999-12-31T23:59:59Z").endStatus());
        lookAt(Instant.parse(cron().getMetadata().getCreationTimestamp()).plusSeconds(120));
        assertThat(jobs()).hasSize(1);
        assertThat(cron().getStatus().getLastScheduleTime()).startsWith("20");
    }

    /// A schedule that was stored before there was a limit to it is told in part, so that what is wrong is still to be read.
    @Test
    void whatIsWrongWithALongScheduleIsTold() {
        create("*" + ",1".repeat(600_000) + " * * * *", concurrency("Allow"));
        lookAt(START.plus(Duration.ofMinutes(60)));
        await().untilAsserted(() -> assertThat(events("UnparseableSchedule")).singleElement().asString()
                .startsWith("unparseable schedule: \"*,1,1").endsWith("...\" : must be no more than 1024 characters"));
        change(cron -> cron.editSpec().withSchedule("1" + "\uD83D\uDE00".repeat(250) + ",x * * * TZ").endSpec());
        lookAt(START.plus(Duration.ofMinutes(61)));
        await().untilAsserted(() -> assertThat(events("UnparseableSchedule")).hasSize(2)
                .anyMatch(message -> message.contains("\uD83D\uDE00...\" : '1\uD83D\uDE00") && message.endsWith("\uD83D\uDE00...' is neither a number nor a name")));
        assertThat(events("UnsupportedSchedule")).singleElement().asString().contains("\uD83D\uDE00...\" is not officially supported");
        change(cron -> cron.editSpec().withSchedule("59 23 31" + ",31".repeat(300) + " 2 *").endSpec());
        lookAt(START.plus(Duration.ofMinutes(62)));
        await().untilAsserted(() -> assertThat(events("InvalidSchedule")).singleElement().asString().endsWith("... : time difference between two schedules is less than 1 second"));
        change(cron -> cron.editSpec().withTimeZone("Europe/" + "B".repeat(2000)).endSpec());
        lookAt(START.plus(Duration.ofMinutes(63)));
        await().untilAsserted(() -> assertThat(events("UnknownTimeZone")).singleElement().asString().startsWith("invalid timeZone: \"Europe/BB").contains("...\": unknown time zone Europe/BB").endsWith("B..."));
    }

    /// As upstream's pkg/controller/cronjob/cronjob_controllerv2.go: each in its words, and none of one that is suspended.
    @Test
    void whatIsWrongWithAScheduleIsTold() {
        create("TZ=Europe/Berlin 0 * * * *", concurrency("Allow"));
        lookAt(START.plus(Duration.ofMinutes(60)));
        assertThat(jobs()).hasSize(1);
        await().untilAsserted(() -> assertThat(events("UnsupportedSchedule")).containsExactly("CRON_TZ or TZ used in schedule \"TZ=Europe/Berlin 0 * * * *\" is not officially supported, "
                + "see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"));
        change(cron -> cron.editSpec().withSchedule("59 23 31 2 *").endSpec());
        lookAt(START.plus(Duration.ofMinutes(61)));
        await().untilAsserted(() -> assertThat(events("InvalidSchedule")).containsExactly("invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second"));
        change(cron -> cron.editSpec().withSchedule("oops").withSuspend(true).endSpec());
        lookAt(START.plus(Duration.ofMinutes(62)));
        change(cron -> cron.editSpec().withSchedule("61 * * * *").withSuspend(false).endSpec());
        lookAt(START.plus(Duration.ofMinutes(63)));
        await().untilAsserted(() -> assertThat(events("UnparseableSchedule")).singleElement().asString().startsWith("unparseable schedule: \"61 * * * *\" : "));
    }

    private void change(UnaryOperator<CronJobBuilder> change) {
        client.of(Kind.CRON_JOB).change(KEY, null, cron -> change.apply(new CronJobBuilder(cron)).build());
    }

    /// A look comes a little late each time, which adds up to nothing.
    @Test
    void aSteadyPaceDoesNotSlip() {
        create("@every 1m", concurrency("Allow"));
        lookAt(START.plusMillis(60_700));
        now = START.plusMillis(60_900);
        awaitCaches();
        assertThat(controller.reconcile(KEY)).contains(Duration.ofMillis(59_200));
        // After a long pause too.
        lookAt(START.plus(Duration.ofDays(30)).plusSeconds(10));
        assertThat(jobs().getLast().getMetadata().getAnnotations()).containsEntry("batch.kubernetes.io/cronjob-scheduled-timestamp", START.plus(Duration.ofDays(30)).toString());
    }

    /// A webhook or a policy may keep it.
    @Test
    void anOldJobThatCannotBeDeletedHoldsNothingUp() {
        create("0 * * * *", cron -> cron.editSpec().withConcurrencyPolicy("Forbid").withSuccessfulJobsHistoryLimit(0).endSpec());
        lookAt(START.plus(Duration.ofMinutes(60)));
        Job first = jobs().getFirst();
        finish(first);
        api.failNext("/jobs/" + first.getMetadata().getName(), 403, Integer.MAX_VALUE);
        now = START.plus(Duration.ofMinutes(120));
        await().ignoreExceptions().untilAsserted(() -> {
            controller.reconcile(KEY);
            assertThat(client.of(Kind.JOB).list(Scope.tenant("red"), Selection.everything()).items()).hasSize(2);
        });
        await().untilAsserted(() -> assertThat(events("FailedDelete")).isNotEmpty().allMatch(message -> message.startsWith("Deleted job: ")));
    }

    @Test
    void whatIsTooLateIsLeftOut() {
        create("0 * * * *", cron -> cron.editSpec().withStartingDeadlineSeconds(30L).endSpec());
        lookAt(START.plus(Duration.ofMinutes(60)).plusSeconds(31));
        assertThat(jobs()).isEmpty();
        lookAt(START.plus(Duration.ofMinutes(120)).plusSeconds(29));
        assertThat(jobs()).hasSize(1);
    }

    /// As `kubectl create job --from=cronjob/tick` makes it.
    @Test
    void aJobMadeByHandNeitherCountsNorGoes() {
        create("0 * * * *", concurrency("Replace"));
        client.of(Kind.JOB).create("red", new JobBuilder().withNewMetadata().withNamespace("default").withName("by-hand")
                .addToAnnotations("cronjob.kubernetes.io/instantiate", "manual")
                .withOwnerReferences(new OwnerReferenceBuilder().withApiVersion("batch/v1").withKind("CronJob").withName("tick").withUid(cron().getMetadata().getUid()).withController(true).build())
                .endMetadata().withNewSpec().withTemplate(Workbench.template("tick", "a")).endSpec().build());
        lookAt(START.plus(Duration.ofMinutes(60)));
        assertThat(jobs()).extracting(job -> job.getMetadata().getName()).hasSize(2).contains("by-hand");
        assertThat(cron().getStatus().getActive()).extracting(ObjectReference::getName).hasSize(1).doesNotContain("by-hand");
        await().untilAsserted(() -> assertThat(events("UnexpectedJob")).containsExactly("Saw a job that the controller did not create or forgot: by-hand"));
        finish(jobs().stream().filter(job -> !job.getMetadata().getName().equals("by-hand")).findFirst().orElseThrow());
        client.of(Kind.CRON_JOB).change(KEY, null, cron -> new CronJobBuilder(cron).editSpec().withConcurrencyPolicy("Forbid").endSpec().build());
        lookAt(START.plus(Duration.ofMinutes(120)));
        assertThat(jobs()).hasSize(3);
    }
}
