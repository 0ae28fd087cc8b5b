/// The Kubernetes API over the store, for many tenants.
///
/// [ApiServer] is what others use. A request passes [Pipeline]: authenticate, find the tenant, authorise, route, and then
/// the `resource` package decodes, admits, validates, commits and encodes. Only `http` knows Netty; only `node` speaks to nodes.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver;
