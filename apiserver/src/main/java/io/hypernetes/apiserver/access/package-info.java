/// Who a caller is and what a caller may do: authentication, the tenant of a request, authorisation.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.access;
