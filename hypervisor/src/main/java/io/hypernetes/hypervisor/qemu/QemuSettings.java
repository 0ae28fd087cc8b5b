package io.hypernetes.hypervisor.qemu;

import java.nio.file.Path;
import java.time.Duration;

/// How the QEMU driver works.
///
/// @param qemu the `qemu-system-x86_64` binary
/// @param jailer the project's jailer binary
/// @param stateFolder where the answer of the KVM probe is kept; made when needed
/// @param accelerator KVM or not
/// @param machine the machine type
/// @param firstUid first of the user ids (and group ids) of which each machine gets one of its own
/// @param uidCount how many there are; each engine of the host claims 1,024 of them
/// @param uidClaims folder where it claims them, the same for all engines of the host
/// @param probeTimeout until a kernel that boots under KVM must have said so; longer than it takes on any hardware, as a KVM that cannot do it hangs
/// @param startTimeout until QEMU must have built the machine and answer
public record QemuSettings(
        Path qemu,
        Path jailer,
        Path stateFolder,
        Accelerator accelerator,
        MachineType machine,
        int firstUid,
        int uidCount,
        Path uidClaims,
        Duration probeTimeout,
        Duration startTimeout) {

    /// Debian's QEMU, microvm, KVM where it works, user ids from 1,879,048,192 on, which no distribution gives out.
    public static QemuSettings standard(Path jailer, Path stateFolder) {
        return new QemuSettings(
                Path.of("/usr/bin/qemu-system-x86_64"),
                jailer,
                stateFolder,
                Accelerator.PROBE,
                MachineType.MICROVM,
                0x70000000,
                65536,
                Path.of("/run/hypernetes-uids"),
                Duration.ofSeconds(3),
                Duration.ofSeconds(15));
    }

    public QemuSettings withAccelerator(Accelerator other) {
        return new QemuSettings(qemu, jailer, stateFolder, other, machine, firstUid, uidCount, uidClaims, probeTimeout, startTimeout);
    }

    public QemuSettings withMachine(MachineType other) {
        return new QemuSettings(qemu, jailer, stateFolder, accelerator, other, firstUid, uidCount, uidClaims, probeTimeout, startTimeout);
    }

    /// On a slower machine than any that is meant to serve.
    QemuSettings withTimeouts(Duration probe, Duration start) {
        return new QemuSettings(qemu, jailer, stateFolder, accelerator, machine, firstUid, uidCount, uidClaims, probe, start);
    }

    /// What runs the guest's instructions.
    public enum Accelerator {
        /// KVM if the guest kernel boots under it here, TCG otherwise.
        PROBE,
        /// Hardware virtualisation; a start fails where it does not work.
        KVM,
        /// QEMU's own translator: slow, works everywhere.
        TCG
    }

    /// QEMU's machine types.
    public enum MachineType {
        /// Few devices, quick to boot.
        MICROVM,
        /// A PC with PCI Express.
        Q35
    }
}
