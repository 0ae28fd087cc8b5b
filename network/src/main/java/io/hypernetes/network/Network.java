package io.hypernetes.network;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Gives pods their network attachments. Every call is idempotent and safe for use by many threads.
public interface Network extends AutoCloseable {

    /// Reserves addresses for a sandbox, durably: the same id gets the same attachment until [#detach], also after a restart.
    ///
    /// @throws NetworkException when no address is left or the host refuses
    Attachment attach(AttachmentRequest request);

    /// Opens the attachment's tap and joins it to the sandbox's segment. The tap lives as long as a descriptor of it is open
    /// anywhere, so nothing is left when the machine ends.
    Tap openTap(Attachment attachment);

    /// Opens the tap of a sandbox that has no attachment yet and may never have one; it leads nowhere until [#plug]. Empty when this
    /// network cannot tell beforehand what a pod's tap will be.
    default Optional<Tap> openSpareTap(String sandboxId) {
        return Optional.empty();
    }

    /// Joins a tap of [#openSpareTap] to the segment of its sandbox, which is attached now.
    default void plug(Attachment attachment) {
        throw new NetworkException("sandbox " + attachment.sandboxId() + ": this network has no spare taps");
    }

    /// Gives back what [#attach] reserved and removes all of it from the host.
    void detach(String sandboxId);

    /// The sandboxes that have an attachment now, for finding leaks.
    Set<String> attachments();

    /// What of this network is on the host and belongs to nothing it knows of, a sentence each: none, unless somebody died or meddled.
    default List<String> strays() {
        return List.of();
    }

    /// Tells where the pods of the other nodes are; replaces what was told before.
    void setPeers(List<Peer> peers);

    /// The groups that pods of this network can be kept to; empty when it knows none.
    default Optional<Groups> groups() {
        return Optional.empty();
    }

    /// Why no pod can be attached now, in a sentence; empty when all is well.
    default Optional<String> trouble() {
        return Optional.empty();
    }

    /// Stops following; attachments stay.
    @Override
    void close();

    /// An open tap.
    ///
    /// @param name interface name on the host
    /// @param descriptor the open descriptor's number, for the hypervisor process; close it when the machine has its copy
    record Tap(String name, int descriptor) implements AutoCloseable {
        @Override
        public void close() {
            io.hypernetes.linux.Descriptors.close(descriptor);
        }
    }

    /// Another node.
    ///
    /// @param node its name
    /// @param address where to send packets for its pods
    /// @param podCidr the addresses of its pods, as `10.88.1.0/24`
    record Peer(String node, String address, String podCidr) {}
}
