/// Copies of all that the API holds, or of one tenant, for operators; and tenants that come back from them.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.backup;
