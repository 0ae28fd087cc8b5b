package io.hypernetes.guest;

/// Hears what a session tells by itself. Called by one thread of the session, in order; a listener that blocks delays only later
/// events, and a session whose events pile up beyond a bound is ended. Methods of the session may be called from here.
public interface GuestListener {

    /// A container's first process ended. Some of its output may still be on its way. [Guest#list] tells the same until the
    /// container is removed.
    void exited(ContainerExit exit);

    /// Processes of a container were killed for want of memory.
    ///
    /// @param kills how many so far
    void outOfMemory(String container, long kills);

    /// The session is over: by [Guest#close], by loss of the connection, or by a violation of the protocol. The last call.
    void disconnected(GuestException why);
}
