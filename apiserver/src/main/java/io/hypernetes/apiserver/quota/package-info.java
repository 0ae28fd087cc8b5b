/// ResourceQuota: what objects of a namespace use, charged in the commit that makes them.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.quota;
