/// A name server in a gateway: what its [Names] know, all else by the host's resolvers. Every byte of a query is hostile; what one gateway's pods may
/// keep busy is bounded.
@NullMarked
package io.hypernetes.network.dns;

import org.jspecify.annotations.NullMarked;
