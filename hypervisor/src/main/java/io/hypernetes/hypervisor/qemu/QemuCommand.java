package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.qemu.QemuSettings.MachineType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// QEMU's command line. Everything that changes or belongs to one pod comes as a descriptor; the only host paths are those of the kernel
/// and the initramfs.
final class QemuCommand {
    /// Numbers of the descriptors that QEMU gets behind standard input, output and error.
    static final int QMP = 3, CONSOLE = 4, GUEST = 5, SCRATCH = 6, TAP = 7;

    /// What the slot for layers shows until there are any. A guest goes on seeing this size, so it is larger than all layers can be.
    private static final long PLACEHOLDER_BYTES = 1L << 40;
    /// Memory for translated code; smaller is slower, larger gains nothing (TCG only).
    private static final int TRANSLATION_MIB = 32;

    /// No boot without interrupt controller and timer: TCG guests hang now and then without the PIC, always without the PIT, and look
    /// for a clock chip for a second without the RTC.
    private static final String MICROVM =
            "microvm,pit=on,pic=on,rtc=on,isa-serial=on,x-option-roms=off,auto-kernel-cmdline=on,dump-guest-core=off";

    /// With ACPI, microvm has no timer interrupt but the processor's own, whose speed the kernel derives from the time stamp counter. On a
    /// busy host its attempt to measure that counter fails and it waits for ever for a first tick; so the speed is told.
    private static final String KERNEL_LINE = "console=ttyS0 8250.nr_uarts=1 quiet panic=-1 reboot=t tsc=reliable"
            + " random.trust_cpu=on rcupdate.rcu_expedited=1 cryptomgr.notests net.ifnames=0";

    private final Path qemu;
    private final MachineType type;
    private final boolean kvm;
    private final long tscKhz;

    /// @param tscKhz speed of the host's time stamp counter, which a translated guest reads; 0 under KVM, which tells guests itself
    QemuCommand(Path qemu, MachineType type, boolean kvm, long tscKhz) {
        this.tscKhz = tscKhz;
        this.qemu = qemu;
        this.type = type;
        this.kvm = kvm;
    }

    /// A machine with all its devices.
    List<String> full(MachineSpec spec) {
        List<String> line = base(spec.kernel(), spec.vcpus(), spec.memoryMib());
        add(line, "-name", "guest=" + spec.name());
        add(line, "-uuid", spec.uuid().toString());
        add(line, "-initrd", spec.kernel().initramfs().toString());
        add(line, "-append", kernelLine(spec.kernel()));
        add(line, "-chardev", "socket,id=qmp,server=on,wait=off,fd=" + QMP, "-mon", "chardev=qmp,mode=control");
        add(line, "-blockdev", "driver=null-co,node-name=layers-0,size=" + PLACEHOLDER_BYTES + ",read-zeroes=on,read-only=on");
        add(line, "-blockdev", "driver=raw,node-name=layers,read-only=on,file=layers-0");
        add(line, "-add-fd", "set=2,fd=" + SCRATCH + ",opaque=scratch");
        add(
                line,
                "-blockdev",
                "driver=raw,node-name=scratch,discard=unmap,detect-zeroes=unmap,file.driver=file,file.filename=/dev/fdset/2,"
                        + "file.locking=off");
        device(line, "virtio-blk", "drive=layers,serial=layers");
        device(line, "virtio-blk", "drive=scratch,serial=scratch");
        MachineSpec.@Nullable Nic nic = spec.nic();
        if (nic != null) {
            add(line, "-netdev", "tap,id=net,fd=" + TAP);
            device(line, "virtio-net", "netdev=net,mac=" + nic.mac());
        }
        add(line, "-object", "rng-builtin,id=rng");
        device(line, "virtio-rng", "rng=rng");
        add(line, "-chardev", "socket,id=guest,server=on,wait=off,fd=" + GUEST);
        device(line, "virtio-serial", "id=serial,max_ports=2");
        add(line, "-device", "virtserialport,chardev=guest,name=hyper,bus=serial.0");
        return line;
    }

    /// A machine that has a kernel and a console and nothing else.
    List<String> bare(GuestKernel kernel, int memoryMib) {
        List<String> line = base(kernel, 1, memoryMib);
        add(line, "-append", kernelLine(kernel).replace(" quiet", ""));
        return line;
    }

    private List<String> base(GuestKernel kernel, int vcpus, int memoryMib) {
        List<String> line = new ArrayList<>();
        add(line, qemu.toString(), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot");
        String machine =
                switch (type) {
                    case MICROVM -> MICROVM + ",acpi=" + (kernel.needsAcpi() ? "on" : "off");
                    case Q35 -> "q35,dump-guest-core=off,vmport=off";
                };
        add(line, "-M", machine, "-m", memoryMib + "M", "-smp", Integer.toString(vcpus));
        if (kvm) {
            add(line, "-accel", "kvm", "-cpu", "host");
        } else {
            add(line, "-accel", "tcg,tb-size=" + TRANSLATION_MIB, "-cpu", "max");
        }
        add(line, "-global", "virtio-mmio.force-legacy=false");
        add(line, "-kernel", kernel.image().toString());
        add(line, "-add-fd", "set=1,fd=" + CONSOLE + ",opaque=console");
        add(line, "-chardev", "file,id=console,path=/dev/fdset/1,append=on", "-serial", "chardev:console");
        add(line, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
        return line;
    }

    private String kernelLine(GuestKernel kernel) {
        String line = KERNEL_LINE + (tscKhz > 0 ? " tsc_early_khz=" + tscKhz : "");
        // Tables that the machine does not have are not looked for, and not complained of.
        return type == MachineType.MICROVM && !kernel.needsAcpi() ? line + " acpi=off" : line;
    }

    private void device(List<String> line, String name, String properties) {
        add(line, "-device", name + (type == MachineType.MICROVM ? "-device," : "-pci,") + properties);
    }

    private static void add(List<String> line, String... words) {
        line.addAll(List.of(words));
    }
}
