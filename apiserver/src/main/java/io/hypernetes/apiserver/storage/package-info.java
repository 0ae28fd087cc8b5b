/// How objects lie in the store: keys, the byte layout of a value, and feeds of changes that watchers share.
///
/// Values are served as they lie: the layout lets a revision or a tenant be put in without reading the JSON. Knows nothing
/// of HTTP and nothing of single kinds.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.storage;
