/// What happened to containers, for followers.
@NullMarked
package io.hypernetes.hyperd.event;

import org.jspecify.annotations.NullMarked;
