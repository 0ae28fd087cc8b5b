/// What a CustomResourceDefinition says, made usable: structural schemas with pruning, defaulting and validation, printer columns
/// by JSONPath, rules in CEL. Knows nothing of tenants, requests or stores.
@NullMarked
package io.hypernetes.objects.crd;

import org.jspecify.annotations.NullMarked;
