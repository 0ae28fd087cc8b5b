/// The QEMU driver: each machine is a jailed QEMU process. Its control and guest channels are listening sockets bound by us, its disks
/// and tap are descriptors, so that it needs no host path but its kernel's. Only [QemuHypervisor] and [QemuSettings] are for others.
package io.hypernetes.hypervisor.qemu;
