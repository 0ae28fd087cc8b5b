package io.hypernetes.objects.cel;

import io.hypernetes.objects.WeighedCache;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Expressions in the form in which they are evaluated, which takes a hundred times the room of their text: those of an owner are kept by weight, and compiled
/// again when they are needed after they had to go. Few are compiled at once, as that takes room too. Thread-safe.
public final class CompiledExpressions {
    /// A node takes so many bytes: in the tree, in what is evaluated, and in what tells its place.
    static final long BYTES_A_NODE = 400;

    private static final long BYTES_A_CHARACTER = 4;

    /// Of all the memory there is, an eighth for all of them, and a 64th for those of an owner, which has room for more than one policy may have.
    private static final long MEMORY = Runtime.getRuntime().maxMemory();

    private static final int MOST_AT_ONCE = 4;
    private static final Semaphore TURNS = new Semaphore(MOST_AT_ONCE, true);

    /// One turn for each owner, so that who has more than is kept takes all turns from nobody; some share one.
    private static final List<Semaphore> OWN_TURNS = Stream.generate(() -> new Semaphore(1, true)).limit(64).toList();

    private static final ScopedValue<String> OWNER = ScopedValue.newInstance();
    private static final WeighedCache<Key, Expression> KEPT = new WeighedCache<>(MEMORY / 8, MEMORY / 64);

    /// @param language of its own texts
    private record Key(String language, String text) {}

    private CompiledExpressions() {}

    /// Compiles for an owner: the expressions of admission that are made meanwhile can be evaluated for ever, but keep what they were compiled to only as long
    /// as there is room.
    ///
    /// @param owner a tenant
    public static <T, R> R of(String owner, Function<T, R> make, T from) {
        return ScopedValue.where(OWNER, owner).call(() -> make.apply(from));
    }

    /// An expression of the running thread's owner, if it has one.
    ///
    /// @param compile from the text alone
    /// @throws ExpressionException as `compile` does
    static Expression owned(String language, String text, Function<String, Expression> compile) {
        if (!OWNER.isBound()) {
            return compile.apply(text);
        }
        String owner = OWNER.get();
        Key key = new Key(language, text);
        return kept(owner, key, compile).with(() -> kept(owner, key, compile).compiled());
    }

    private static Expression kept(String owner, Key key, Function<String, Expression> compile) {
        Expression known = KEPT.get(owner, key);
        if (known != null) {
            return known;
        }
        Semaphore turn = OWN_TURNS.get(Math.floorMod(owner.hashCode(), OWN_TURNS.size()));
        turn.acquireUninterruptibly();
        try {
            // Another may have compiled it meanwhile.
            Expression kept = KEPT.get(owner, key);
            if (kept != null) {
                return kept;
            }
            Expression made = compile.apply(key.text);
            KEPT.put(owner, key, made, BYTES_A_NODE * (made.nodes() + 1L) + BYTES_A_CHARACTER * key.text.length());
            return made;
        } finally {
            turn.release();
        }
    }

    /// Waits until few others are compiled.
    static <T> T inTurn(Supplier<T> compile) {
        TURNS.acquireUninterruptibly();
        try {
            return compile.get();
        } finally {
            TURNS.release();
        }
    }

    /// What all weigh that are kept, in bytes.
    public static long weight() {
        return KEPT.weight();
    }
}
