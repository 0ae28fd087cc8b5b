/// The hypervisor seen from the engine: start a machine, plug its disks, pause, stop, connect to its one byte stream.
///
/// [Hypervisor] and [Machine] are the contract; `qemu` is the driver. All a driver gives a guest is a kernel and an initramfs,
/// block devices, a NIC and one byte stream; nothing here knows of images, containers or pods.
package io.hypernetes.hypervisor;
