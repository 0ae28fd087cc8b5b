/// How a pod gets a network: [Network] is the contract, `local` (each tenant on wires of its own, with a [Gateway] that knows its services)
/// and `cni` (whatever the host's plugins make) are the drivers.
package io.hypernetes.network;
