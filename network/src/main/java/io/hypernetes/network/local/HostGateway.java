package io.hypernetes.network.local;

import io.hypernetes.linux.TrackedConnections;
import io.hypernetes.network.Commands;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.ServiceTable;
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

    void remove() {
        services.remove();
    }
}
