/// The node's HTTPS endpoint: container logs, and the way through to the runtime's exec, attach and port-forward streams.
@NullMarked
package io.hypernetes.kubelet.server;

import org.jspecify.annotations.NullMarked;
