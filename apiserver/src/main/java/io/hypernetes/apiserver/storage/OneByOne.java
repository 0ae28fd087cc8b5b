package io.hypernetes.apiserver.storage;

import io.hypernetes.store.StoreException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Does something for each of many that belong to different tenants, at the start or in a thread that is there for all: one for which it cannot be done is told of
/// and left, and the others have it done.
public final class OneByOne {
    private static final Logger log = LoggerFactory.getLogger(OneByOne.class);

    private OneByOne() {}

    /// Takes the step for each.
    ///
    /// @param what is done, for the log, such as `services-restored`
    /// @param name by which the log tells which one it is
    /// @throws StoreException of the first step that met one: the others would too, and whoever called does it all again later
    public static <T> void each(Iterable<? extends T> all, String what, Function<? super T, String> name, Consumer<? super T> step) {
        for (var one : all) {
            try {
                step.accept(one);
            } catch (StoreException e) {
                throw e;
            } catch (RuntimeException | StackOverflowError e) {
                log.error("event=left-out step={} of={} effect=\"the others are not held up\"", what, name.apply(one), e);
            }
        }
    }
}
