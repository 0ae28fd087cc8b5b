/// The door by which a tenant's pods come to the API server as `kubernetes.default`.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.door;

