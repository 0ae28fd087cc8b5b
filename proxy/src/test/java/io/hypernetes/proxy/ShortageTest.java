package io.hypernetes.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ShortageTest {
    private static final Room.LeftOut WEB = new Room.LeftOut("shop/web", 0, 900), DB = new Room.LeftOut("shop/db", 7, 1);

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
    private final Shortage shortage = new Shortage("acme", nanos::get);

    @Test
    void itIsToldWhenItIsAnotherAndNotAllTheTime() {
        assertThat(shortage.tell(List.of())).as("nothing was left out before").isFalse();
        assertThat(shortage.tell(List.of(WEB))).isTrue();
        assertThat(shortage.tell(List.of(WEB, DB))).as("too soon").isFalse();
        nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
        assertThat(shortage.tell(List.of(WEB))).as("the same").isFalse();
        assertThat(shortage.tell(List.of(WEB, DB))).isTrue();
        nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
        assertThat(shortage.tell(List.of())).isTrue();
    }
}
