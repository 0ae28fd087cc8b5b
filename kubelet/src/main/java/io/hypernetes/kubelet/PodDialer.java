package io.hypernetes.kubelet;

import java.io.IOException;
import java.nio.channels.SocketChannel;

/// Opens sockets where a tenant's pods can be reached, for probes and hooks. Safe for use by many threads.
@FunctionalInterface
public interface PodDialer {
    /// For pods that the node itself reaches.
    PodDialer DIRECT = tenant -> SocketChannel.open();

    /// An unconnected channel in blocking mode. What it connects to is what a pod of the tenant could reach, so a probe that names
    /// another host than its pod learns nothing that the pod could not.
    ///
    /// @throws IOException when the tenant has no place here
    SocketChannel open(String tenant) throws IOException;
}
