/// Pods as machines.
@NullMarked
package io.hypernetes.hyperd.sandbox;

import org.jspecify.annotations.NullMarked;
