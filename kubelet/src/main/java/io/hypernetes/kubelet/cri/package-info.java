/// The kubelet's side of the CRI: one connection to the runtime's unix socket, and what it observes there as plain records.
@NullMarked
package io.hypernetes.kubelet.cri;

import org.jspecify.annotations.NullMarked;
