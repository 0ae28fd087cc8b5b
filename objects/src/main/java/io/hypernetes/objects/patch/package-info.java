/// JSON patch, JSON merge patch and strategic merge patch on JSON trees. Patches are pure: the target is never changed.
@NullMarked
package io.hypernetes.objects.patch;

import org.jspecify.annotations.NullMarked;
