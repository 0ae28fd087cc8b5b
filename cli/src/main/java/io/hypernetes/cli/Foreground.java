package io.hypernetes.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs a process of Hypernetes until it is told to end (SIGTERM, SIGINT): takes its lock, opens its log, says READY on standard output
/// when it serves, and closes it in good order.
final class Foreground {
    private static final Duration GRACE = Duration.ofSeconds(20);

    private Foreground() {}

    /// Makes the process, everything started; may throw.
    interface Start {
        AutoCloseable start() throws Exception;
    }

    /// Makes the process and says when it serves, which may be before all of it runs; may throw before and after.
    interface Serving {
        AutoCloseable start(Runnable serves) throws Exception;
    }

    static void run(String name, Common common, Start start) {
        run(name, common, (Serving) serves -> {
            AutoCloseable process = start.start();
            serves.run();
            return process;
        });
    }

    static void run(String name, Common common, Serving start) {
        try (ProcessLock lock = ProcessLock.take(common.places().lockOf(name), name, OperatorAccess.reached(common.settings()))) {
            ProcessLog.to(common.places().logOf(name));
            Logger log = LoggerFactory.getLogger(name);
            CountDownLatch told = new CountDownLatch(1);
            CountDownLatch ended = new CountDownLatch(1);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                told.countDown();
                try {
                    if (!ended.await(GRACE.toSeconds(), java.util.concurrent.TimeUnit.SECONDS)) {
                        log.warn("event=stop-late process={} grace={}", name, GRACE);
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }));
            Runnable serves = () -> {
                log.info("event=serving process={} pid={}", name, ProcessHandle.current().pid());
                System.out.println(Background.READY);
                System.out.flush();
            };
            try (AutoCloseable process = start.start(serves)) {
                told.await();
                log.info("event=stopping process={}", name);
            } finally {
                log.info("event=stopped process={}", name);
                ended.countDown();
            }
        } catch (RuntimeException e) {
            LoggerFactory.getLogger(name).error("event=failed process={}", name, e);
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            LoggerFactory.getLogger(name).error("event=failed process={}", name, e);
            throw new UsageException(name + ": " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }
}
