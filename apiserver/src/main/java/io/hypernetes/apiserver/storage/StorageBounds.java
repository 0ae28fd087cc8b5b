package io.hypernetes.apiserver.storage;

/// How many bytes may be stored, all of which are held in memory.
///
/// @param all above which tenants have nothing more stored; the operator may
/// @param ofTenant that one tenant may have stored whose Tenant says nothing else
public record StorageBounds(long all, long ofTenant) {
    /// Nothing is refused.
    public static final StorageBounds NONE = new StorageBounds(Long.MAX_VALUE, Long.MAX_VALUE);

    /// Shares of the memory of a process: what is stored is there a second time in part, as controllers see it, and histories of changes, requests and answers take
    /// room of their own.
    ///
    /// @param heap the most that it may have, bytes
    public static StorageBounds ofHeap(long heap) {
        return new StorageBounds(heap / 8 * 3, heap / 8);
    }

    /// The same with another bound for each tenant, of which all may be more.
    public StorageBounds withTenant(long bytes) {
        return new StorageBounds(all, bytes);
    }

    /// The same with another bound for all together.
    public StorageBounds withAll(long bytes) {
        return new StorageBounds(bytes, ofTenant);
    }
}
