/// Container logs in the CRI log format.
@NullMarked
package io.hypernetes.hyperd.log;

import org.jspecify.annotations.NullMarked;
