package io.hypernetes.kubelet.eviction;

/// What is left of the node's memory and disk.
public interface Signals {
    long availableMemoryBytes();

    long diskBytes();

    /// 0 to 1.
    double diskFree();
}
