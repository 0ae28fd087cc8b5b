/// Containers in a sandbox.
@NullMarked
package io.hypernetes.hyperd.container;

import org.jspecify.annotations.NullMarked;
