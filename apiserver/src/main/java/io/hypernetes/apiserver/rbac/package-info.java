/// Role-based access control: what roles and bindings of a tenant allow, compiled once and asked for each request.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.rbac;
