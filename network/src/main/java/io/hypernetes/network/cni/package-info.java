/// The driver for CNI: any chain of plugins (specification 0.3.0 to 1.1.0), run as a kubelet's runtime runs it, and what it makes handed on
/// to a virtual machine. Only [CniNetwork] and [CniSettings] are for others.
package io.hypernetes.network.cni;
