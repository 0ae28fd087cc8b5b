/// The host's end of the hyperstart protocol (`hyperstart/PROTOCOL.md`).
///
/// [Guest#attach] makes one session over a machine's byte stream; its methods are the protocol's verbs, blocking, each with a
/// deadline. [GuestProcess], [ContainerOutput], [ContainerInput] and [GuestSocket] are the session's streams. A session is lost
/// with its connection and a new one is attached; what containers print stays in the guest until it is acknowledged.
///
/// Every byte from the guest is hostile: lengths, counts, ids, offsets and credits are held to the protocol, and the first
/// violation ends the session. Nothing here knows of images, Kubernetes or hypervisors.
package io.hypernetes.guest;
