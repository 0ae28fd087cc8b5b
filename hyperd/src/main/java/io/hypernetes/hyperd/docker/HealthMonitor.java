package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.ExecSpec;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestProcess;
import io.hypernetes.guest.ProcessExit;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.docker.Runs.Run;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes the checks of one run of a container until the run is over. A check that was made says nothing of the next run.
final class HealthMonitor {
    private static final Logger LOG = LoggerFactory.getLogger(HealthMonitor.class);
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final int MOST_OUTPUT = 4096;
    private static final int SIGKILL = 9;

    private final Run run;
    private final HealthCheck check;
    private final Health health;
    private final Consumer<Health.Status> changed;
    private final Clock clock;

    /// @param changed told of each new status
    private HealthMonitor(Run run, HealthCheck check, Health health, Consumer<Health.Status> changed, Clock clock) {
        this.run = run;
        this.check = check;
        this.health = health;
        this.changed = changed;
        this.clock = clock;
    }

    /// Begins; ends by itself with the run.
    static Health begin(Run run, HealthCheck check, Consumer<Health.Status> changed, Clock clock) {
        Health health = new Health();
        HealthMonitor monitor = new HealthMonitor(run, check, health, changed, clock);
        Thread.ofVirtual().name("docker-health-" + run.container().id()).start(monitor::watch);
        return health;
    }

    private void watch() {
        Instant begun = clock.instant();
        try {
            while (!run.container().awaitExit(early(begun) && health.status() == Health.Status.STARTING ? check.startInterval() : check.interval())) {
                if (run.sandbox().isPaused()) {
                    continue;
                }
                boolean early = early(begun);
                Health.Result result = made();
                if (health.add(result, early, check.retries())) {
                    changed.accept(health.status());
                }
            }
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException failure) {
            LOG.warn("event=docker-health-ended container={} error=\"{}\"", run.container().id(), failure.getMessage(), failure);
        }
    }

    private boolean early(Instant begun) {
        return Duration.between(begun, clock.instant()).compareTo(check.startPeriod()) < 0;
    }

    private Health.Result made() throws InterruptedException {
        Instant begin = clock.instant();
        int code = -1;
        String said;
        try (GuestProcess process = run.sandbox().guest().exec(ExecSpec.of(run.container().id(), check.command()), ANSWER)) {
            // Both outputs in the order in which they come, cut where it is long enough.
            ByteArrayOutputStream output = new ByteArrayOutputStream();
            Thread errors = Thread.ofVirtual().name("docker-health-stderr").start(() -> take(process.stderr(), output));
            Thread out = Thread.ofVirtual().name("docker-health-stdout").start(() -> take(process.stdout(), output));
            Optional<ProcessExit> exit = process.waitFor(check.timeout());
            if (exit.isPresent()) {
                out.join();
                errors.join();
                code = exit.get().code();
                synchronized (output) {
                    said = output.toString(StandardCharsets.UTF_8);
                }
            } else {
                process.signal(SIGKILL, ANSWER);
                said = "Health check exceeded timeout (" + check.timeout().toString().substring(2).toLowerCase(java.util.Locale.ROOT) + ")";
            }
        } catch (GuestException | HyperdException failure) {
            said = String.valueOf(failure.getMessage());
        }
        return new Health.Result(begin, clock.instant(), code, said);
    }

    private static void take(InputStream from, ByteArrayOutputStream to) {
        byte[] buffer = new byte[MOST_OUTPUT];
        try {
            for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                synchronized (to) {
                    to.write(buffer, 0, Math.min(count, MOST_OUTPUT - to.size()));
                }
            }
        } catch (IOException | GuestException lost) {
            // What came is what there is.
        }
    }
}
