package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.client.Informer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NewsTest {
    private final News news = new News();
    private final List<String> heard = new ArrayList<>();

    @Test
    void allIsHeardOnceAndInItsOrderAlsoAfterOneThatCannotBeTakenIn() throws InterruptedException {
        Informer.Handler<String> handler = news.of(new Informer.Handler<>() {
            @Override
            public void added(String object) {
                heard.add("added " + object);
            }

            @Override
            public void updated(String before, String now) {
                heard.add(before + " became " + now);
            }

            @Override
            public void deleted(String last) {
                heard.add("deleted " + last);
            }
        });
        handler.added("a");
        handler.updated("a", "b");
        news.tell(() -> {
            throw new IllegalStateException("expected");
        });
        handler.deleted("b");
        assertThat(heard).isEmpty();
        news.hear(0);
        assertThat(heard).containsExactly("added a", "a became b", "deleted b");
        news.hear(0);
        assertThat(heard).hasSize(3);
    }

    @Test
    void whatIsToldWhileOthersAreHeardComesTheNextTime() throws InterruptedException {
        news.tell(() -> news.tell(() -> heard.add("answer")));
        news.hear(0);
        assertThat(heard).isEmpty();
        news.hear(0);
        assertThat(heard).containsExactly("answer");
    }

    @Test
    void newsEndTheWaiting() throws InterruptedException {
        Thread teller = Thread.ofVirtual().start(() -> news.tell(() -> heard.add("late")));
        news.hear(Duration.ofMinutes(1).toNanos());
        teller.join();
        assertThat(heard).containsExactly("late");
    }
}
