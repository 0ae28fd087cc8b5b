/// What a node does for the services of the tenants that have pods on it: [NodeProxy] watches their Services and EndpointSlices, tells each
/// tenant's gateway where connections go, answers names there (`dns`), and opens the door to the API server.
@NullMarked
package io.hypernetes.proxy;

import org.jspecify.annotations.NullMarked;
