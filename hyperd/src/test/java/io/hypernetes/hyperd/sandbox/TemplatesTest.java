package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineKind;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.hypervisor.Templating;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class TemplatesTest {
    private static final long MINUTE = 60_000_000_000L;
    /// Processors of a kind whose templates cannot be closed.
    private static final int STUCK = 16;
    /// Processors of a kind whose copies are processes of their own.
    private static final int APART = 17;
    private static final Duration LONG = Duration.ofSeconds(60);

    private final AtomicLong now = new AtomicLong(1);
    private final List<MachineKind> closed = new CopyOnWriteArrayList<>();
    private volatile boolean broken;
    private final Templating templating = (kind, place, disk, rest) -> {
        if (broken) {
            throw new HypervisorException("nothing boots here");
        }
        return new Kept(kind);
    };
    private final Activity activity = new Activity(System::nanoTime);
    private final Templates templates;

    TemplatesTest(@TempDir Path disks) {
        templates = new Templates(
                templating, activity, (machine, name, freshness, listener, deadline) -> { throw new AssertionError("no machine runs"); },
                new ScratchDisks(disks), null, Path.of("/nowhere"), "none", Duration.ofSeconds(5), now::get);
    }

    @AfterEach
    void close() {
        templates.close();
    }

    @Test
    void theKindThatWasNotAskedForForTheLongestTimeMakesRoom() {
        for (int vcpus = 1; vcpus <= 4; vcpus++) {
            ready(vcpus);
        }
        assertThat(templates.choose(kind(5), "acme")).isEqualTo(new Templates.Choice.Cold("there are 4 templates of other kinds, all in use"));
        now.addAndGet(2 * MINUTE);
        assertThat(templates.choose(kind(1), "acme")).isInstanceOf(Templates.Choice.Copy.class);
        templates.choose(kind(2), "acme");
        ready(5);
        assertThat(closed).as("1 and 2 were asked for again, 3 comes before 4 or with it").hasSize(1)
                .allMatch(kind -> kind.vcpus() == 3 || kind.vcpus() == 4);
        assertThat(templates.choose(kind(1), "acme")).isInstanceOf(Templates.Choice.Copy.class);
        assertThat(templates.counts()).containsEntry("templates", 4L);
    }

    @Test
    void aTemplateFailsOnceHoweverManyOfItsCopiesFail() {
        Template template = ready(1);
        for (int i = 0; i < 5; i++) {
            templates.failed(template);
        }
        assertThat(closed).containsExactly(kind(1).machine());
        ready(1);
        assertThat(templates.choose(kind(1), "acme")).isInstanceOf(Templates.Choice.Copy.class);
    }

    @Test
    void theNamesOfTemplatesAreThoseThatLive() {
        assertThat(templates.machineNames()).isEmpty();
        Template template = ready(1);
        ready(STUCK);
        assertThat(templates.machineNames()).hasSize(2).allMatch(name -> name.startsWith("template-"));
        templates.failed(template);
        assertThat(templates.machineNames()).hasSize(1);
        templates.close();
        assertThat(templates.machineNames()).as("one that does not end is a leak").isEmpty();
    }

    @Test
    void aKindThatFailsAgainAndAgainIsLeftAloneForAWhile() {
        for (int i = 0; i < 2; i++) {
            templates.failed(ready(1));
        }
        Template good = ready(1);
        templates.copied(good);
        templates.failed(good);
        for (int i = 0; i < 2; i++) {
            templates.failed(ready(1));
        }
        assertThat(templates.choose(kind(1), "acme"))
                .isEqualTo(new Templates.Choice.Cold("its template failed 3 times; it is tried again within ten minutes"));
        now.addAndGet(10 * MINUTE);
        ready(1);
    }

    @Test
    void aTemplateThatCannotBeClosedIsNobodysFailure() {
        Template stuck = ready(STUCK);
        templates.failed(stuck);
        ready(STUCK);
        assertThat(ready(2).kind()).isEqualTo(kind(2).machine());
        templates.close();
        assertThat(closed).containsExactlyInAnyOrder(kind(STUCK).machine(), kind(STUCK).machine(), kind(2).machine());
    }

    @Test
    void aCrashOfACopyCostsTheTemplateAndEachFurtherOneAPause() {
        Template first = ready(1);
        templates.crashed(first, "acme");
        templates.crashed(first, "acme");
        assertThat(closed).containsExactly(kind(1).machine());
        Template second = successor(first);
        templates.crashed(second, "globex");
        assertThat(templates.choose(kind(1), "initech"))
                .isEqualTo(new Templates.Choice.Cold("copies of several templates of its kind crashed; another is made within ten minutes"));
        assertThat(templates.ready(kind(1))).isEmpty();
        now.addAndGet(MINUTE / 2);
        assertThat(templates.choose(kind(1), "initech")).isEqualTo(new Templates.Choice.Cold("the first of its kind: its template is made next"));
        successor(second);
        assertThat(templates.counts()).containsEntry("crashedTemplates", 2L).containsEntry("renewedTemplates", 0L);
    }

    @Test
    void aTenantWhoseCopiesCrashAgainAndAgainHasNoneForAWhile() {
        Template template = ready(1);
        for (int i = 0; i < 3; i++) {
            templates.crashed(template, "acme");
        }
        successor(template);
        assertThat(templates.choose(kind(1), "acme"))
                .isEqualTo(new Templates.Choice.Cold("copies of its tenant crashed 3 times within half an hour"));
        assertThat(templates.choose(kind(1), "globex")).isInstanceOf(Templates.Choice.Copy.class);
        now.addAndGet(30 * MINUTE);
        assertThat(templates.choose(kind(1), "acme")).isInstanceOf(Templates.Choice.Copy.class);
    }

    @Test
    void copiesThatHaveNothingOfTheirHypervisorInCommonMayCrash() {
        Template template = ready(APART);
        templates.crashed(template, "acme");
        assertThat(templates.choose(kind(APART), "acme")).isEqualTo(new Templates.Choice.Copy(template));
        assertThat(closed).isEmpty();
    }

    @Test
    void aTemplateThatHasServedLongEnoughServesUntilThereIsAnother() {
        Template old = ready(1);
        now.addAndGet(24 * 60 * MINUTE);
        assertThat(templates.choose(kind(1), "acme")).isEqualTo(new Templates.Choice.Copy(old));
        Template used = successor(old);
        for (int i = 0; i < 1000; i++) {
            templates.copied(used);
        }
        assertThat(templates.choose(kind(1), "acme")).isEqualTo(new Templates.Choice.Copy(used));
        successor(used);
        await().dontCatchUncaughtExceptions().atMost(LONG).until(() -> closed.size() == 2);
        assertThat(templates.counts()).containsEntry("renewedTemplates", 2L).containsEntry("templates", 1L);
    }

    @Test
    void aTemplateThatHasServedLongEnoughEndsWhenThereCanBeNoOther() {
        Template old = ready(1);
        broken = true;
        now.addAndGet(24 * 60 * MINUTE);
        assertThat(templates.choose(kind(1), "acme")).isEqualTo(new Templates.Choice.Copy(old));
        await().dontCatchUncaughtExceptions().atMost(LONG).until(() -> closed.contains(kind(1).machine()));
        assertThat(templates.ready(kind(1))).isEmpty();
    }

    @Test
    void noTemplateIsMadeWhileAPodIsBeingStarted() throws InterruptedException {
        activity.begin();
        assertThat(templates.choose(kind(1), "acme")).isInstanceOf(Templates.Choice.Cold.class);
        CountDownLatch quiet = new CountDownLatch(1);
        Thread waiter = Thread.ofVirtual().start(() -> {
            try {
                activity.awaitQuiet(Long.MAX_VALUE);
                quiet.countDown();
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        assertThat(quiet.await(100, TimeUnit.MILLISECONDS)).isFalse();
        assertThat(templates.ready(kind(1))).isEmpty();
        activity.end();
        assertThat(quiet.await(60, TimeUnit.SECONDS)).isTrue();
        waiter.join();
        await().dontCatchUncaughtExceptions().atMost(LONG).until(() -> templates.ready(kind(1)).isPresent());
    }

    @Test
    void whoWantsTemplatesOfItsOwnSharesNone() {
        Template shared = ready(1);
        TemplateKind own = new TemplateKind(kind(1).machine(), "acme");
        assertThat(templates.choose(own, "acme")).isEqualTo(new Templates.Choice.Cold("the first of its kind: its template is made next"));
        await().dontCatchUncaughtExceptions().atMost(LONG).until(() -> templates.ready(own).isPresent());
        Template acmes = templates.ready(own).orElseThrow();
        assertThat(acmes).isNotSameAs(shared);
        assertThat(templates.choose(own, "acme")).isEqualTo(new Templates.Choice.Copy(acmes));
        assertThat(templates.choose(kind(1), "globex")).isEqualTo(new Templates.Choice.Copy(shared));
        templates.failed(acmes);
        assertThat(templates.ready(own)).isEmpty();
        assertThat(templates.ready(kind(1))).containsSame(shared);
    }

    @Test
    void somethingIsLeftToThoseWhoShare() {
        for (String owner : List.of("a", "b", "c")) {
            TemplateKind own = new TemplateKind(kind(1).machine(), owner);
            // So that one of them was asked for before the others.
            now.incrementAndGet();
            templates.choose(own, owner);
            await().dontCatchUncaughtExceptions().atMost(LONG).until(() -> templates.ready(own).isPresent());
        }
        TemplateKind another = new TemplateKind(kind(1).machine(), "d");
        assertThat(templates.choose(another, "d")).isEqualTo(new Templates.Choice.Cold("there are 3 templates of tenants that share none, all in use"));
        Template shared = ready(1);
        now.addAndGet(MINUTE);
        templates.choose(kind(1), "globex");
        templates.choose(another, "d");
        await().dontCatchUncaughtExceptions().atMost(LONG).until(() -> templates.ready(another).isPresent());
        assertThat(templates.ready(kind(1))).containsSame(shared);
        assertThat(templates.ready(new TemplateKind(kind(1).machine(), "a"))).isEmpty();
    }

    @Test
    void impatienceEndsTheWait() throws InterruptedException {
        activity.begin();
        activity.awaitQuiet(1_000_000);
    }

    private Template ready(int vcpus) {
        assertThat(templates.choose(kind(vcpus), "acme")).isInstanceOf(Templates.Choice.Cold.class);
        await().dontCatchUncaughtExceptions().atMost(LONG).until(() -> templates.ready(kind(vcpus)).isPresent());
        return templates.ready(kind(vcpus)).orElseThrow();
    }

    /// The template that was made in the place of this.
    private Template successor(Template of) {
        await().dontCatchUncaughtExceptions().atMost(LONG).until(() -> templates.ready(TemplateKind.shared(of.kind())).filter(next -> next != of).isPresent());
        return templates.ready(TemplateKind.shared(of.kind())).orElseThrow();
    }

    private static TemplateKind kind(int vcpus) {
        return TemplateKind.shared(new MachineKind(new GuestKernel("6.1", Path.of("/k"), Path.of("/i"), false), vcpus, 128));
    }

    private final class Kept implements Template {
        private final MachineKind kind;

        Kept(MachineKind kind) {
            this.kind = kind;
        }

        @Override
        public MachineKind kind() {
            return kind;
        }

        @Override
        public long bytes() {
            return 1;
        }

        @Override
        public boolean sharesSecrets() {
            return kind.vcpus() != APART;
        }

        @Override
        public Machine copy(MachinePlace place, MachineSpec.Nic nic, Supplier<Path> scratchDisk, int hostMemoryLimitMib) {
            throw new AssertionError("nobody asks for copies here");
        }

        @Override
        public void close() {
            closed.add(kind);
            if (kind.vcpus() == STUCK) {
                throw new HypervisorException("it does not end");
            }
        }
    }
}
