package io.hypernetes.network;

import java.util.Set;
import java.util.TreeSet;

/// Groups inside a network: pods of a group reach each other, and of the pods outside of it only those that are in the open as they are. Safe for use by
/// many threads.
public interface Groups {

    /// Where members ask for names: port 53 of its address.
    Gateway gateway();

    /// Leads what members ask there to a name server that listens on these ports of the gateway's address. To be said again by each process.
    void answerNames(int udpPort, int tcpPort);

    /// Changes what a pod that is attached belongs to, durably and at once: connections that it may not have any more stand still.
    void move(String sandboxId, Membership membership);

    /// What a pod belongs to. Pods are confined to their groups, or in the open, or both.
    ///
    /// @param groups names of groups, without spaces
    /// @param open whether it reaches, and is reached by, the pods that are in no group
    /// @param outside whether it reaches anything beyond the network's own addresses
    record Membership(Set<String> groups, boolean open, boolean outside) {
        /// Of a pod of which nothing was said.
        public static final Membership OPEN = new Membership(Set.of(), true, true);

        public Membership {
            groups = Set.copyOf(groups);
            if (groups.stream().anyMatch(group -> group.isEmpty() || !group.matches("\\S+"))) {
                throw new IllegalArgumentException("names of groups have no spaces: " + groups);
            }
        }

        /// Whether any pod of the network is out of its reach.
        public boolean isConfined() {
            return !equals(OPEN);
        }

        /// Whether both are in some group.
        public boolean sharesGroupWith(Membership other) {
            Set<String> both = new TreeSet<>(groups);
            both.retainAll(other.groups());
            return !both.isEmpty();
        }
    }
}
