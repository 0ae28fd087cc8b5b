/// Startup, liveness and readiness probes.
@NullMarked
package io.hypernetes.kubelet.probe;

import org.jspecify.annotations.NullMarked;
