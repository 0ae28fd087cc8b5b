package io.hypernetes.scheduler;

import io.hypernetes.client.Informer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What others tell the thread that owns the scheduler's state. It hears everything once, in the order in which it was told, and when it suits it: nobody who
/// tells waits for a decision, above all no informer, whose news others want too. What is kept until then is a few words for each change. Thread-safe.
final class News {
    private static final Logger LOG = LoggerFactory.getLogger(News.class);

    private final BlockingQueue<Runnable> told = new LinkedBlockingQueue<>();

    /// @param news what the hearing thread does about it
    void tell(Runnable news) {
        told.add(news);
    }

    /// Tells what an informer says; the handler runs on the hearing thread.
    <T> Informer.Handler<T> of(Informer.Handler<T> handler) {
        return new Informer.Handler<>() {
            @Override
            public void added(T object) {
                tell(() -> handler.added(object));
            }

            @Override
            public void updated(T before, T now) {
                tell(() -> handler.updated(before, now));
            }

            @Override
            public void deleted(T last) {
                tell(() -> handler.deleted(last));
            }
        };
    }

    /// Hears all that was told until now; when that is nothing, waits for the first. What is told meanwhile comes the next time, so that a flood of news
    /// leaves time for other things. News that cannot be taken in keeps nothing else back.
    ///
    /// @param atMostNanos how long to wait; not at all when it is not positive
    void hear(long atMostNanos) throws InterruptedException {
        Runnable first = told.poll(atMostNanos, TimeUnit.NANOSECONDS);
        if (first == null) {
            return;
        }
        List<Runnable> all = new ArrayList<>();
        all.add(first);
        told.drainTo(all);
        for (Runnable news : all) {
            try {
                news.run();
            } catch (RuntimeException fault) {
                LOG.error("event=news-fault", fault);
            }
        }
    }
}
