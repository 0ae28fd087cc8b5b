/// Server-side apply as a pure algebra: which fields an object has ([io.hypernetes.objects.apply.FieldSet]), what changed
/// ([io.hypernetes.objects.apply.Comparison]), who owns what ([io.hypernetes.objects.apply.ManagedFields]), and what an
/// applied configuration makes of an object ([io.hypernetes.objects.apply.Ownership]). Knows nothing of requests or stores.
@NullMarked
package io.hypernetes.objects.apply;

import org.jspecify.annotations.NullMarked;
