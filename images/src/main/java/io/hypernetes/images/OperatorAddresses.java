package io.hypernetes.images;

import java.net.InetAddress;
import java.util.function.Predicate;

/// At which addresses the operator's own machines are, as far as that is known when it is asked. Both may be asked by many threads and may take their time.
///
/// @param surely those of which it is known
/// @param perhaps these and those of which it cannot be said yet
public record OperatorAddresses(Predicate<InetAddress> surely, Predicate<InetAddress> perhaps) {

    /// Where all is known.
    public static OperatorAddresses known(Predicate<InetAddress> addresses) {
        return new OperatorAddresses(addresses, addresses);
    }
}
