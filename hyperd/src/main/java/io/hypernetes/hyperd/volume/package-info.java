/// What may be mounted, and the files that are pushed into guests.
@NullMarked
package io.hypernetes.hyperd.volume;

import org.jspecify.annotations.NullMarked;
