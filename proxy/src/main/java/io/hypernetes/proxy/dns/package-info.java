/// What the name server of a tenant's gateway knows: names of services and pods from what the node sees of the API.
@NullMarked
package io.hypernetes.proxy.dns;

import org.jspecify.annotations.NullMarked;
