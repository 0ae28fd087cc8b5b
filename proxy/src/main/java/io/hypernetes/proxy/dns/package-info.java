/// A tenant's name server in its gateway: names of services and pods from what the node sees of the API, all else by the host's resolvers.
/// Every byte of a query is hostile; what one tenant may keep busy is bounded.
@NullMarked
package io.hypernetes.proxy.dns;

import org.jspecify.annotations.NullMarked;
