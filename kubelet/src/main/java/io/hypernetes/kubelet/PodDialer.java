package io.hypernetes.kubelet;

import io.hypernetes.client.ObjectKey;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.SocketChannel;
import java.util.function.Predicate;

/// Opens sockets where a tenant's pods can be reached, for probes and hooks. Safe for use by many threads.
@FunctionalInterface
public interface PodDialer {
    /// For pods that the node itself reaches.
    PodDialer DIRECT = tenant -> SocketChannel.open();

    /// The same where pods of tenants are: the node reaches its own addresses past what keeps the pods' packets from them, and its wire, such as a cloud's
    /// metadata service, and their pods do not.
    ///
    /// @param ofNode whether the node has an address now, of which no pod has any; asked by many threads
    static PodDialer fenced(Predicate<InetAddress> ofNode) {
        return new PodDialer() {
            @Override
            public SocketChannel open(String tenant) throws IOException {
                return SocketChannel.open();
            }

            @Override
            public boolean reaches(String tenant, InetAddress address) {
                return tenant.equals(ObjectKey.ROOT)
                        || !(address.isLoopbackAddress() || address.isAnyLocalAddress() || address.isLinkLocalAddress() || address.isMulticastAddress()
                                || ofNode.test(address));
            }
        };
    }

    /// An unconnected channel in blocking mode. What it connects to is what a pod of the tenant could reach, so a probe that names
    /// another host than its pod learns nothing that the pod could not.
    ///
    /// @throws IOException when the tenant has no place here
    SocketChannel open(String tenant) throws IOException;

    /// Whether a channel may be connected to an address, where nothing that the channel passes decides that.
    default boolean reaches(String tenant, InetAddress address) {
        return true;
    }
}
