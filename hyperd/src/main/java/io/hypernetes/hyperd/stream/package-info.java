/// The streaming server and its one-time tokens.
@NullMarked
package io.hypernetes.hyperd.stream;

import org.jspecify.annotations.NullMarked;
