package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.MachineKind;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.SavedMachine;
import io.hypernetes.hypervisor.qemu.QemuSettings.MachineType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// QEMU's command line. Everything that changes or belongs to one pod comes as a descriptor; the only host paths are those of the kernel
/// and the initramfs.
final class QemuCommand {
    /// Numbers of the descriptors that QEMU gets behind standard input, output and error.
    static final int QMP = 3, CONSOLE = 4, GUEST = 5, FIRST_OWN = 6, SCRATCH = 6, MEMORY = 6, TAP = 7;
    // 6 is the fork server's in a template that forks, see jailer/forkserver.h.


    /// The hardware address of a template and of its copies until their guests change it.
    private static final String TEMPLATE_MAC = "0a:58:00:00:00:01";

    /// What a slot for a disk shows until there are any. A guest goes on seeing this size, so it is larger than all layers can be.
    static final long PLACEHOLDER_BYTES = 1L << 40;
    /// Without ACPI, microvm has eight places for devices, of which five are taken.
    private static final int MOST_WITHOUT_ACPI = 3;
    /// Memory for translated code; smaller is slower, larger gains nothing (TCG only).
    private static final int TRANSLATION_MIB = 32;
    /// As much as a boot and a rehearsal fill: what does not fit would be thrown away. Forks share it.
    private static final int SHARED_TRANSLATION_MIB = 256;
    /// How much more memory than other machines a fork uses at most: when the cache is full and begun anew, all of it becomes its own.
    static final int FORKS_MORE_MIB = SHARED_TRANSLATION_MIB - TRANSLATION_MIB;
    /// A fork's process list shows its own name in the place of the template's.
    private static final int NAME_LENGTH = 104;

    private static final String SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

    /// No boot without interrupt controller and timer: TCG guests hang now and then without the PIC, always without the PIT, and look
    /// for a clock chip for a second without the RTC.
    private static final String MICROVM =
            "microvm,pit=on,pic=on,rtc=on,isa-serial=on,x-option-roms=off,auto-kernel-cmdline=on,dump-guest-core=off,mem-merge=off";

    /// With ACPI, microvm has no timer interrupt but the processor's own, whose speed the kernel derives from the time stamp counter. On a
    /// busy host its attempt to measure that counter fails and it waits for ever for a first tick; so the speed is told.
    private static final String KERNEL_LINE = "console=ttyS0 8250.nr_uarts=1 quiet panic=-1 reboot=t tsc=reliable"
            + " random.trust_cpu=on rcupdate.rcu_expedited=1 cryptomgr.notests net.ifnames=0";

    /// What a kernel does for a real processor only, or at every turn, and which translated costs many times what it costs otherwise: patches of its own code
    /// (translating that anew costs a boot 180 ms), fast string moves (112), SMEP and SMAP (295, 308), which end a block of code at each copy from or to a
    /// program, memory that is cleared when it is taken, checks of each copy, security modules without a policy, measurement of pressure, and huge pages, which
    /// are cleared as a whole. See docs/decisions.md.
    private static final String TRANSLATED_LINE = " noreplace-smp mitigations=off clearcpuid=112,295,308"
            + " init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off lsm=landlock,yama,integrity psi=0 transparent_hugepage=madvise";

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
        boolean acpi = spec.kernel().needsAcpi() || spec.volumes().size() > MOST_WITHOUT_ACPI;
        List<String> line = base(acpi, spec.vcpus(), spec.memoryMib());
        named(line, new MachinePlace(spec.uuid(), spec.name(), spec.folder(), spec.cgroupParent()));
        booting(line, spec.kernel(), acpi);
        add(line, "-add-fd", "set=2,fd=" + SCRATCH + ",opaque=scratch");
        add(
                line,
                "-blockdev",
                "driver=raw,node-name=scratch,discard=unmap,detect-zeroes=unmap,file.driver=file,file.filename=/dev/fdset/2,"
                        + "file.locking=off");
        MachineSpec.@Nullable Nic nic = spec.nic();
        devices(line, nic == null ? null : nic.mac());
        int number = nic == null ? TAP : TAP + 1;
        for (MachineSpec.Volume volume : spec.volumes()) {
            volume(line, volume, number++);
        }
        return line;
    }

    /// By which QEMU knows a volume.
    static String volumeNode(String serial) {
        return "volume-" + serial;
    }

    // Whoever writes to it may rely on its flushes: caches are the host's, and a flush goes to its disk.
    private void volume(List<String> line, MachineSpec.Volume volume, int descriptor) {
        String node = volumeNode(volume.serial());
        String access = volume.readOnly() ? ",read-only=on" : ",discard=unmap,detect-zeroes=unmap";
        add(line, "-add-fd", "set=" + descriptor + ",fd=" + descriptor + ",opaque=" + node);
        add(line, "-blockdev", "driver=raw,node-name=" + node + access + ",file.driver=file,file.filename=/dev/fdset/" + descriptor + ",file.locking=off");
        device(line, "virtio-blk", "drive=" + node + ",serial=" + volume.serial());
    }

    /// A machine that boots in memory which outlives it, with nothing of a pod's.
    List<String> template(MachinePlace place, MachineKind kind) {
        List<String> line = base(kind.kernel().needsAcpi(), kind.vcpus(), kind.memoryMib());
        sharedMemory(line, kind, true);
        return booted(line, place, kind);
    }

    /// A machine with the same devices, waiting for the template's state. It needs no kernel: that is in the memory.
    List<String> copy(MachinePlace place, MachineKind kind) {
        List<String> line = base(kind.kernel().needsAcpi(), kind.vcpus(), kind.memoryMib());
        sharedMemory(line, kind, false);
        named(line, place);
        scratchPlaceholder(line);
        devices(line, TEMPLATE_MAC);
        add(line, "-incoming", "defer");
        return line;
    }

    /// A machine with the same devices as a saved one, waiting for its state.
    ///
    /// @param ownMemory whether the saved one's memory was made apart, as a template's and a copy's
    List<String> restored(MachinePlace place, SavedMachine saved, boolean ownMemory) {
        List<String> line = base(saved.acpi(), saved.vcpus(), saved.memoryMib());
        if (ownMemory) {
            add(line, "-machine", "memory-backend=ram", "-object", "memory-backend-ram,id=ram,size=" + saved.memoryMib() + "M");
        }
        named(line, place);
        scratchPlaceholder(line);
        devices(line, TEMPLATE_MAC);
        add(line, "-incoming", "defer");
        return line;
    }

    /// A machine whose process is forked when its guest stands still. It filters no system calls, since its forks must enter jails of their
    /// own; they filter for themselves.
    List<String> forking(MachinePlace place, MachineKind kind) {
        List<String> line = unfiltered(kind.kernel().needsAcpi(), kind.vcpus(), kind.memoryMib(), SHARED_TRANSLATION_MIB);
        String padded = place.name() + " ".repeat(Math.max(0, NAME_LENGTH - place.name().length()));
        return booted(line, new MachinePlace(place.uuid(), padded, place.folder(), place.cgroupParent()), kind);
    }

    private List<String> booted(List<String> line, MachinePlace place, MachineKind kind) {
        named(line, place);
        booting(line, kind.kernel(), kind.kernel().needsAcpi());
        scratchPlaceholder(line);
        devices(line, TEMPLATE_MAC);
        return line;
    }

    private static void sharedMemory(List<String> line, MachineKind kind, boolean shared) {
        add(line, "-machine", "memory-backend=ram", "-object", "memory-backend-file,id=ram,size=" + kind.memoryMib() + "M,mem-path=/proc/self/fd/" + MEMORY + ",share="
                + (shared ? "on" : "off"));
    }

    private static void scratchPlaceholder(List<String> line) {
        add(line, "-blockdev", "driver=null-co,node-name=scratch-0,size=" + PLACEHOLDER_BYTES + ",read-zeroes=on");
        add(line, "-blockdev", "driver=raw,node-name=scratch,discard=unmap,detect-zeroes=unmap,file=scratch-0");
    }

    private static void named(List<String> line, MachinePlace place) {
        add(line, "-name", "guest=" + place.name());
        add(line, "-uuid", place.uuid().toString());
    }

    private void booting(List<String> line, GuestKernel kernel, boolean acpi) {
        add(line, "-kernel", kernel.image().toString());
        add(line, "-initrd", kernel.initramfs().toString());
        add(line, "-append", kernelLine(acpi));
    }

    /// All that a machine has beside its scratch disk's content. A template and its copies must agree in every word.
    private void devices(List<String> line, @Nullable String mac) {
        add(line, "-chardev", "socket,id=qmp,server=on,wait=off,fd=" + QMP, "-mon", "chardev=qmp,mode=control");
        add(line, "-blockdev", "driver=null-co,node-name=layers-0,size=" + PLACEHOLDER_BYTES + ",read-zeroes=on,read-only=on");
        add(line, "-blockdev", "driver=raw,node-name=layers,read-only=on,file=layers-0");
        device(line, "virtio-blk", "drive=layers,serial=layers");
        device(line, "virtio-blk", "drive=scratch,serial=scratch");
        if (mac != null) {
            add(line, "-netdev", "tap,id=net,fd=" + TAP);
            device(line, "virtio-net", "netdev=net,mac=" + mac);
        }
        add(line, "-object", "rng-builtin,id=rng");
        device(line, "virtio-rng", "rng=rng");
        add(line, "-chardev", "socket,id=guest,server=on,wait=off,fd=" + GUEST);
        device(line, "virtio-serial", "id=serial,max_ports=2");
        add(line, "-device", "virtserialport,chardev=guest,name=hyper,bus=serial.0");
    }

    /// A machine that has a kernel and a console and nothing else.
    List<String> bare(GuestKernel kernel, int memoryMib) {
        List<String> line = base(kernel.needsAcpi(), 1, memoryMib);
        add(line, "-kernel", kernel.image().toString());
        add(line, "-append", kernelLine(kernel.needsAcpi()).replace(" quiet", ""));
        return line;
    }

    private List<String> base(boolean acpi, int vcpus, int memoryMib) {
        List<String> line = unfiltered(acpi, vcpus, memoryMib, TRANSLATION_MIB);
        add(line, "-sandbox", SANDBOX);
        return line;
    }

    private List<String> unfiltered(boolean acpi, int vcpus, int memoryMib, int translationMib) {
        List<String> line = new ArrayList<>();
        add(line, qemu.toString(), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot");
        String machine =
                switch (type) {
                    case MICROVM -> MICROVM + ",acpi=" + (acpi ? "on" : "off");
                    case Q35 -> "q35,dump-guest-core=off,mem-merge=off,vmport=off";
                };
        add(line, "-M", machine, "-m", memoryMib + "M", "-smp", Integer.toString(vcpus));
        if (kvm) {
            add(line, "-accel", "kvm", "-cpu", "host");
        } else {
            add(line, "-accel", "tcg,tb-size=" + translationMib, "-cpu", "max,erms=off");
        }
        add(line, "-global", "virtio-mmio.force-legacy=false");
        add(line, "-add-fd", "set=1,fd=" + CONSOLE + ",opaque=console");
        add(line, "-chardev", "file,id=console,path=/dev/fdset/1,append=on", "-serial", "chardev:console");
        return line;
    }

    private String kernelLine(boolean acpi) {
        String line = KERNEL_LINE + (kvm ? "" : TRANSLATED_LINE) + (tscKhz > 0 ? " tsc_early_khz=" + tscKhz : "");
        // Tables that the machine does not have are not looked for, and not complained of.
        return type == MachineType.MICROVM && !acpi ? line + " acpi=off" : line;
    }

    private void device(List<String> line, String name, String properties) {
        add(line, "-device", name + (type == MachineType.MICROVM ? "-device," : "-pci,") + properties);
    }

    private static void add(List<String> line, String... words) {
        line.addAll(List.of(words));
    }
}
