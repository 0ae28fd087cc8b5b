package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestConnection;
import io.hypernetes.guest.GuestListener;
import io.hypernetes.hypervisor.Machine;
import java.time.Duration;

/// How a session with the guest of a machine is opened.
@FunctionalInterface
public interface GuestDoor {

    /// The ordinary door: the machine's byte stream and the hyperstart protocol.
    GuestDoor PROTOCOL = (machine, name, freshness, listener, deadline) ->
            Guest.attach(name, GuestConnection.of(machine.connectGuest()), freshness, listener, deadline);

    /// As [Guest#attach].
    Guest attach(Machine machine, String name, Guest.Freshness freshness, GuestListener listener, Duration deadline);
}
