/// The life of tenants and of namespaces: what is there from the beginning and what goes at the end.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.tenant;
