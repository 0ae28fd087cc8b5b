package io.hypernetes.hyperd.cri;

import io.hypernetes.cri.v1.ContainerConfig;
import io.hypernetes.cri.v1.Device;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.ContainerRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// What a device of a request can mean to a pod that is a machine: one that its own kernel makes out of nothing. Devices of the host are
/// refused, whatever they are called in there.
final class Devices {
    private static final Set<String> OF_ANY_KERNEL = Set.of(
            "/dev/fuse", "/dev/net/tun", "/dev/ppp", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
            "/dev/kmsg", "/dev/loop-control", "/dev/cuse", "/dev/uinput");
    private static final int MOST = 64;

    private Devices() {}

    static List<ContainerRequest.Device> of(ContainerConfig config) {
        if (config.getCDIDevicesCount() > 0 || config.getDevicesCount() > MOST) {
            throw HyperdException.invalid("A container cannot have CDI devices, nor more than " + MOST
                    + " devices: its pod is a virtual machine. Remove them from the request.");
        }
        List<ContainerRequest.Device> devices = new ArrayList<>();
        for (Device device : config.getDevicesList()) {
            String source = Names.text("device", device.getHostPath());
            String path = device.getContainerPath().isEmpty() ? source : Names.text("device", device.getContainerPath());
            if (!OF_ANY_KERNEL.contains(source)) {
                throw HyperdException.invalid("A container cannot have the device " + source
                        + " of the host: its pod is a virtual machine. It can have those that the pod's own kernel makes: "
                        + String.join(", ", OF_ANY_KERNEL.stream().sorted().toList()) + ".");
            }
            if (!path.startsWith("/")) {
                throw HyperdException.invalid("The place of the device, " + path + ", must be absolute.");
            }
            devices.add(new ContainerRequest.Device(path, source));
        }
        return devices;
    }
}
