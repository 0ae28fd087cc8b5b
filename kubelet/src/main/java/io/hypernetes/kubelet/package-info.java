/// The node agent: brings the pods that the API binds to this node to life, through CRI only, and reports what became of them.
///
/// It knows the API through `client` and the runtime through `cri`; it knows no hypervisor, image format or network.
@NullMarked
package io.hypernetes.kubelet;

import org.jspecify.annotations.NullMarked;
