/// Which pods leave when the node runs short of memory or disk.
@org.jspecify.annotations.NullMarked
package io.hypernetes.kubelet.eviction;
