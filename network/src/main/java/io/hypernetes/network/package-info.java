/// How a pod gets a network: [Network] is the contract, `local` the driver (one bridge a node, addresses from the node's pod
/// CIDR, SNAT to the outside). Drivers for tenant networks, CNI and Neutron come behind the same interface.
package io.hypernetes.network;
