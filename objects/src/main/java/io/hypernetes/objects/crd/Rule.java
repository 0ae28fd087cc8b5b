package io.hypernetes.objects.crd;

import io.hypernetes.objects.cel.Expression;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// A rule of a schema that can be evaluated.
///
/// @param message makes what is said when the rule fails; null when that is fixed
/// @param field what the rule is about, below the value that has the rule; empty for the value itself
/// @param transition whether it speaks of the value before the change
/// @param optionalOld whether it is asked when there is no such value too
record Rule(
        ObjectNode source, Expression test, @Nullable Expression message, String field, boolean transition, boolean optionalOld) {}
