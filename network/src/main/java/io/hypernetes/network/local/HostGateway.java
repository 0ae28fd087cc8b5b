package io.hypernetes.network.local;

import io.hypernetes.linux.TrackedConnections;
import io.hypernetes.network.Commands;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.NetworkException;
import io.hypernetes.network.ServiceTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/// The gateway of the pods of `root`: the host.
final class HostGateway implements Gateway {
    private final String address;
    private final String bridge;
    private final ServiceRules services;

    HostGateway(String address, String bridge) {
        this.address = address;
        this.bridge = bridge;
        this.services = new ServiceRules(bridge + "-svc", bridge, batch -> Commands.run(List.of("nft", "-f", "-"), batch), TrackedConnections::forgetUdpAnsweredBy);
    }

    @Override
    public String tenant() {
        return TenantNetworks.ROOT;
    }

    @Override
    public String address() {
        return address;
    }

    @Override
    public <T> T inside(Supplier<T> action) {
        return action.get();
    }

    @Override
    public void serve(ServiceTable table) {
        services.apply(table);
    }

    /// Pods speak to their neighbours through the bridge's own address; the kernel shall not tell them of the short way.
    void silence() {
        Path file = Path.of("/proc/sys/net/ipv4/conf/" + bridge + "/send_redirects");
        try {
            Files.writeString(file, "0");
        } catch (IOException failure) {
            throw new NetworkException("cannot set " + file + " to 0, without which pods go round their services: " + failure.getMessage(), failure);
        }
    }

    void remove() {
        services.remove();
    }
}
