/// Expressions in CEL with the functions that Kubernetes adds, bounded in cost: rules of custom resources, match conditions of
/// webhooks, admission policies. The language is a library's; what is ours is the environment and the budget.
@NullMarked
package io.hypernetes.objects.cel;

import org.jspecify.annotations.NullMarked;
