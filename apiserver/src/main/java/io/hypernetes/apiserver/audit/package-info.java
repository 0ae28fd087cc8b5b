/// Who did what in which tenant: a line for each request, in files of bounded size.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.audit;
