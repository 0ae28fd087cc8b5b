/// Nodes that exist in the API only: they beat, take pods and report them running, ready and ended as a kubelet would. For trying
/// manifests, controllers and the scheduler at sizes for which nobody has the machines.
@org.jspecify.annotations.NullMarked
package io.hypernetes.simulate;
