/// One pod's life on this node: what to do next, doing it through the CRI, and the status that the API is told.
@NullMarked
package io.hypernetes.kubelet.pod;

import org.jspecify.annotations.NullMarked;
