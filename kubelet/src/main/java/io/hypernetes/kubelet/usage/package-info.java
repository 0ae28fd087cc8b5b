/// What pods and the node use of processors and memory, for `kubectl top` and autoscaling.
@org.jspecify.annotations.NullMarked
package io.hypernetes.kubelet.usage;
