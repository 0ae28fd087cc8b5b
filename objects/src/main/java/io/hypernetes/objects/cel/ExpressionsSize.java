package io.hypernetes.objects.cel;

import io.hypernetes.objects.FieldError;
import java.util.Optional;

/// How large the expressions of one object are together, counted while they are compiled, and how large they may be. The bounds are of ours, as upstream keeps
/// what it compiled for one tenant alone. For one thread.
public final class ExpressionsSize {
    /// The most nodes that the expressions of a policy, or of a configuration of webhooks, may have.
    public static final int OF_POLICY = 30_000;

    /// The most that the rules of a schema may have.
    public static final int OF_SCHEMA = 100_000;

    private final int most;
    private int nodes;

    /// @param most nodes
    public ExpressionsSize(int most) {
        this.most = most;
    }

    public void add(Expression expression) {
        nodes += expression.nodes();
    }

    /// Whether it is larger than it may be, so that nothing more needs to be compiled.
    public boolean isTooLarge() {
        return nodes > most;
    }

    /// What is wrong with it.
    ///
    /// @param path of what has the expressions
    public Optional<FieldError> check(String path) {
        return isTooLarge()
                ? Optional.of(FieldError.invalid(path, nodes, "the expressions together must not have more than " + most
                        + " names, constants, operators and calls: divide them among several objects, or keep long lists elsewhere, such as in parameters"))
                : Optional.empty();
    }
}
