/// CRI v1 over gRPC.
@NullMarked
package io.hypernetes.hyperd.cri;

import org.jspecify.annotations.NullMarked;
