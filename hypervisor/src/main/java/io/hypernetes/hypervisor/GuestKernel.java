package io.hypernetes.hypervisor;

import java.nio.file.Path;

/// A kernel that a machine can boot.
///
/// @param version as `uname -r` will print it in the guest
/// @param image vmlinux (ELF with a PVH note) or bzImage
/// @param initramfs cpio with hyperstart as `/init` and the modules this kernel needs
/// @param needsAcpi whether it finds virtio-mmio devices only through ACPI (Debian's kernels do)
public record GuestKernel(String version, Path image, Path initramfs, boolean needsAcpi) {}
