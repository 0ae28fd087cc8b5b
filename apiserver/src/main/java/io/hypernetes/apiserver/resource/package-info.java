/// Objects over HTTP: get, list, watch, create, update, patch, delete, for every kind of the table alike; what single kinds
/// add (binding, eviction, namespaces, tenants) stands in small types of its own.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.resource;
